//! `#[livecheck::case]`: options and function in, items out.

mod expansion;
mod options;
mod parameters;
mod schedule;
mod table;
mod type_name;

use proc_macro2::TokenStream;
use quote::quote;

use crate::errors::Errors;
use crate::function::{Function, Role};
use expansion::Definition;
use options::Options;

/// What the function is.
const ROLE: Role = Role {
    attribute: "#[livecheck::case]",
    noun: "a case",
    why_async: "it waits for signals",
    why_not_generic: "its arguments come as JSON, and their types are read from its parameters",
};

/// Expands the attribute.
///
/// Whatever is wrong, the function stands beside the errors: a user's editor goes on with it, and no error
/// says that something is missing which the user can see.
pub(crate) fn expand(options: TokenStream, item: &TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let options = Options::parse(options, &mut errors);
    let Some(mut function) = Function::checked(item, ROLE, &mut errors) else {
        let errors = errors.into_compile_errors();
        return quote!(#errors #item);
    };
    let mut parameters = parameters::read(&mut function.signature, &mut errors);
    if function.is_generic() {
        // The types mean nothing outside the function.
        parameters.iter_mut().for_each(|parameter| parameter.sound = false);
    }
    if let Some(scheduled) = &options.scheduled {
        scheduled.check(&parameters, &mut errors);
    }
    let sound = errors.is_empty();
    let expansion = expansion::expand(&Definition { options, function, parameters, sound });
    let errors = errors.into_compile_errors();
    quote!(#errors #expansion)
}
