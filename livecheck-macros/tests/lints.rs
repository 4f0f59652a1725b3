//! Nothing generated offends a lint that a user may have: clippy is run over this file too.

#![forbid(unsafe_code)]
#![deny(
    warnings,
    clippy::all,
    clippy::nursery,
    clippy::pedantic,
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    clippy::exhaustive_structs,
    clippy::missing_docs_in_private_items,
    clippy::std_instead_of_core,
    missing_copy_implementations,
    missing_debug_implementations,
    missing_docs,
    rust_2018_idioms,
    single_use_lifetimes,
    unreachable_pub,
    unused_qualifications
)]

use livecheck::Signal;

/// Many parameters, of many kinds.
#[livecheck::case(probability = 0.5, url_error_delay_backoff = 1.5, max_history = 1_000_000)]
pub async fn many(
    first: u8,
    second: String,
    third: Vec<String>,
    fourth: [u8; 4],
    fifth: Option<Box<str>>,
    #[signal(timeout = "30s")] sent: Signal<u8>,
    #[signal] cached: Signal,
    #[signal] executed: Signal<(u8, String)>,
    #[signal] confirmed: Signal<Vec<u8>>,
) -> livecheck::Result {
    assert_eq!(sent.wait().await?, first + fourth[0]);
    cached.wait().await?;
    assert_eq!(executed.wait().await?.1, second);
    assert_eq!(confirmed.wait().await?.len(), third.len() + fifth.map_or(0, |text| text.len()));
    Ok(())
}

/// A module that no one outside reaches.
mod inner {
    /// One that nothing triggers.
    #[livecheck::case]
    async fn inner() -> livecheck::Result {
        core::future::ready(Ok(())).await
    }
}

#[test]
fn they_are_registered() {
    assert_eq!(livecheck::Cases::linked().map(|cases| cases.len()), Ok(2));
}
