//! `#[livecheck::case]`: options and function in, items out.

mod attribute;
mod docs;
mod duration;
mod expansion;
mod function;
mod nearest;
mod options;
mod parameters;
mod type_name;
mod value;

use proc_macro2::TokenStream;
use quote::quote;

use crate::errors::Errors;
use expansion::{Definition, Soundness};
use function::Function;
use options::Options;

/// Expands the attribute.
///
/// Whatever is wrong, the function stands beside the errors: a user's editor goes on with it, and no error
/// says that something is missing which the user can see.
pub(crate) fn expand(options: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let options = Options::parse(options, &mut errors);
    let mut function = match Function::parse(item.clone()) {
        Ok(function) => function,
        Err(error) => {
            errors.push(error);
            let errors = errors.into_compile_errors();
            return quote!(#errors #item);
        }
    };
    let options_are_sound = errors.is_empty();
    function.check(&mut errors);
    let parameters = parameters::read(&mut function.signature, &mut errors);
    let soundness = match (errors.is_empty(), options_are_sound) {
        (true, _) => Soundness::Sound,
        _ => Soundness::Broken,
    };
    let expansion = expansion::expand(&Definition { options, function, parameters, soundness });
    let errors = errors.into_compile_errors();
    quote!(#errors #expansion)
}
