//! `#[livecheck::fake_request(order_flow)]`: a case, options and a function in, the function and its registration out.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{quote, quote_spanned};
use syn::Path;

use crate::attribute::{Entry, entries};
use crate::errors::Errors;
use crate::function::{Function, Role};

/// What the function is.
const ROLE: Role = Role {
    attribute: "#[livecheck::fake_request]",
    noun: "a fake request",
    why_async: "it waits for an answer",
    why_not_generic: "the runner calls it",
};

/// What `#[livecheck::fake_request(…)]` was given.
struct Options {
    case: Option<Path>,
    krate: Option<Path>,
}

impl Options {
    /// Reads the case and what follows it, and leaves out what is wrong.
    fn parse(tokens: TokenStream, errors: &mut Errors) -> Self {
        let mut tokens = tokens.into_iter();
        let is_comma = |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ',');
        let case: TokenStream = tokens.by_ref().take_while(|token| !is_comma(token)).collect();
        let mut krate = None;
        for entry in entries(tokens.collect(), ROLE.attribute, &["crate"]) {
            let Some(Entry { value, .. }) = errors.take(entry) else { continue };
            krate = errors.take(value.path());
        }
        Self { case: errors.take(path(case)), krate }
    }
}

/// The case, which must be named.
fn path(case: TokenStream) -> syn::Result<Path> {
    syn::parse2(case.clone()).map_err(|_| {
        let message = "which case is this a request for? `#[livecheck::fake_request(order_flow)]` names it";
        if case.is_empty() {
            syn::Error::new(Span::call_site(), message)
        } else {
            syn::Error::new_spanned(case, message)
        }
    })
}

/// Expands the attribute. Whatever is wrong, the function stands beside the errors.
pub(crate) fn expand(case: TokenStream, item: &TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let Options { case, krate } = Options::parse(case, &mut errors);
    let Some(function) = Function::checked(item, ROLE, &mut errors) else {
        let errors = errors.into_compile_errors();
        return quote!(#errors #item);
    };
    if !function.signature.inputs.is_empty() {
        errors
            .about(&function.signature.inputs, "a fake request has no parameters: it makes up what it sends");
    }
    let registration =
        case.filter(|_| errors.is_empty()).map(|case| registration(&case, krate.as_ref(), &function));
    let errors = errors.into_compile_errors();
    quote!(#errors #function #registration)
}

fn registration(case: &Path, krate: Option<&Path>, function: &Function) -> TokenStream {
    let krate = krate.map_or_else(|| quote!(::livecheck), |path| quote!(#path));
    let name = &function.signature.ident;
    let conditions = function.conditions();
    let line = quote_spanned!(name.span()=> ::core::line!());
    quote! {
        #(#conditions)*
        #krate::inventory::submit! {
            #krate::fake_request::FakeRequest {
                case: #case::CASE,
                location: #krate::case::Location {
                    package: ::core::env!("CARGO_PKG_NAME"),
                    file: ::core::file!(),
                    line: #line,
                },
                call: || ::std::boxed::Box::pin(async {
                    #krate::outcome::Outcome::into_result(#name().await)
                }),
            }
        }
    }
}
