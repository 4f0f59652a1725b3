//! `#[livecheck::uptest]`: options and function in, the function and its registration out.

use std::time::Duration;

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{FnArg, LitStr, Path};

use crate::attribute::{Entry, entries};
use crate::docs;
use crate::errors::Errors;
use crate::function::{Function, Role};
use crate::value::{Value, Zero};

/// What the function is.
const ROLE: Role = Role {
    attribute: "#[livecheck::uptest]",
    noun: "an uptest",
    why_async: "it waits for an instance to answer",
    why_not_generic: "it is given a `livecheck::Target`, and nothing else",
};

const PARAMETER: &str = "an uptest has one parameter, the instance that it asks: `target: livecheck::Target`";

/// What `#[livecheck::uptest(…)]` was given.
#[derive(Default)]
struct Options {
    proc: Option<LitStr>,
    timeout: Option<Duration>,
    krate: Option<Path>,
}

impl Options {
    /// Reads the options, and leaves out those that are wrong.
    fn parse(tokens: TokenStream, errors: &mut Errors) -> Self {
        let mut options = Self::default();
        let mut is_proc_given = false;
        for entry in entries(tokens, ROLE.attribute, &["proc", "timeout", "crate"]) {
            let Some(Entry { key, value }) = errors.take(entry) else { continue };
            match key.unraw().to_string().as_str() {
                "proc" => {
                    is_proc_given = true;
                    options.proc = errors.take(proc(&value));
                }
                "timeout" => options.timeout = errors.take(value.duration(Zero::Refused)),
                _ => options.krate = errors.take(value.path()),
            }
        }
        if !is_proc_given {
            let message = "an uptest says which process it asks: `#[livecheck::uptest(proc = \"web\")]`";
            errors.at(Span::call_site(), message);
        }
        options
    }
}

/// The name of a folder in `uptests/`, which it is for executables.
fn proc(value: &Value) -> syn::Result<LitStr> {
    let proc = value.text()?;
    let text = proc.value();
    let is_name = !text.is_empty() && text != "." && text != "..";
    if is_name && !text.contains(|c: char| c == '/' || c == '=' || c.is_whitespace() || c.is_control()) {
        Ok(proc.clone())
    } else {
        Err(value.error("a process has a name such as \"web\", as a folder in uptests/ can have it"))
    }
}

/// Expands the attribute. Whatever is wrong, the function stands beside the errors.
pub(crate) fn expand(options: TokenStream, item: &TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let options = Options::parse(options, &mut errors);
    let Some(function) = Function::checked(item, ROLE, &mut errors) else {
        let errors = errors.into_compile_errors();
        return quote!(#errors #item);
    };
    check_parameters(&function, &mut errors);
    let registration = match &options.proc {
        Some(proc) if errors.is_empty() => register(&options, proc, &function),
        _ => TokenStream::new(),
    };
    let errors = errors.into_compile_errors();
    quote! {
        #errors
        #[allow(clippy::missing_errors_doc, clippy::missing_panics_doc, dead_code)]
        #function
        #registration
    }
}

fn check_parameters(function: &Function, errors: &mut Errors) {
    let inputs = &function.signature.inputs;
    if inputs.is_empty() {
        errors.at(function.signature.paren_token.span.join(), PARAMETER);
    }
    // A receiver has its own error.
    let typed = inputs.iter().filter(|input| matches!(input, FnArg::Typed(_)));
    for one_too_many in typed.skip(1) {
        errors.about(one_too_many, PARAMETER);
    }
}

/// The item that registers the function.
fn register(options: &Options, proc: &LitStr, function: &Function) -> TokenStream {
    let hygienic = Span::mixed_site();
    let krate = options
        .krate
        .as_ref()
        .map_or_else(|| quote_spanned!(hygienic=> ::livecheck), |path| quote_spanned!(hygienic=> #path));
    let name = &function.signature.ident;
    let text = name.unraw().to_string();
    let conditions = function.conditions();
    let docs = docs::text(&function.attributes);
    let line = quote_spanned!(name.span()=> ::core::line!());
    let timeout = match options.timeout {
        Some(timeout) => {
            let timeout = crate::duration::expression(timeout);
            quote!(::core::option::Option::Some(#timeout))
        }
        None => quote!(::core::option::Option::None),
    };
    // Where its parameter is of another type, that is said there.
    let parameter = function.signature.inputs.first().map_or(hygienic, Spanned::span);
    let call = quote_spanned!(parameter.resolved_at(hygienic)=> #name(target));
    let outcome = quote_spanned! {name.span().resolved_at(hygienic)=>
        #krate::outcome::Outcome::into_result(#call.await)
    };
    quote_spanned! {hygienic=>
        #(#conditions)*
        const _: () = {
            static UPTEST: #krate::Uptest = #krate::Uptest {
                name: ::core::concat!(::core::module_path!(), "::", #text),
                proc: #proc,
                docs: #docs,
                location: #krate::case::Location {
                    package: ::core::env!("CARGO_PKG_NAME"),
                    file: ::core::file!(),
                    line: #line,
                },
                timeout: #timeout,
                run: |target| ::std::boxed::Box::pin(async move { #outcome }),
            };
            #krate::inventory::submit! { #krate::uptest::Registered(&UPTEST) }
        };
    }
}
