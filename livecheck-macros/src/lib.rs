//! The attribute `#[livecheck::case]`. Use it through the façade crate, `livecheck`.

mod case;
mod errors;

use proc_macro::TokenStream;

/// DOCS
#[proc_macro_attribute]
pub fn case(options: TokenStream, item: TokenStream) -> TokenStream {
    case::expand(options.into(), item.into()).into()
}
