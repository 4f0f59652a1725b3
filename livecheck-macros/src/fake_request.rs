//! `#[livecheck::fake_request(order_flow)]`: a case and a function in, the function and its registration out.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::Path;

use crate::errors::Errors;
use crate::function::{Function, Role};

/// What the function is.
const ROLE: Role = Role {
    attribute: "#[livecheck::fake_request]",
    noun: "a fake request",
    why_async: "it waits for an answer",
    why_not_generic: "the runner calls it",
};

/// Expands the attribute. Whatever is wrong, the function stands beside the errors.
pub(crate) fn expand(case: TokenStream, item: &TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let case = errors.take(syn::parse2::<Path>(case.clone()).map_err(|_| {
        let message = "which case is this a request for? `#[livecheck::fake_request(order_flow)]` names it";
        if case.is_empty() {
            syn::Error::new(Span::call_site(), message)
        } else {
            syn::Error::new_spanned(case, message)
        }
    }));
    let Some(function) = Function::checked(item, ROLE, &mut errors) else {
        let errors = errors.into_compile_errors();
        return quote!(#errors #item);
    };
    if !function.signature.inputs.is_empty() {
        errors
            .about(&function.signature.inputs, "a fake request has no parameters: it makes up what it sends");
    }
    let registration = case.filter(|_| errors.is_empty()).map(|case| registration(&case, &function));
    let errors = errors.into_compile_errors();
    quote!(#errors #function #registration)
}

fn registration(case: &Path, function: &Function) -> TokenStream {
    let name = &function.signature.ident;
    let conditions = function.conditions();
    let line = quote_spanned!(name.span()=> ::core::line!());
    quote! {
        #(#conditions)*
        ::livecheck::inventory::submit! {
            ::livecheck::fake_request::FakeRequest {
                case: #case::CASE,
                location: ::livecheck::case::Location {
                    package: ::core::env!("CARGO_PKG_NAME"),
                    file: ::core::file!(),
                    line: #line,
                },
                call: || ::std::boxed::Box::pin(async {
                    ::livecheck::outcome::Outcome::into_result(#name().await)
                }),
            }
        }
    }
}
