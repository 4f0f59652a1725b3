//! The test in the headers of reqwest's requests.

use ::reqwest::RequestBuilder;

use super::http;

/// Carries the test that this task is in along with a request.
///
/// ```no_run
/// use livecheck_core::context::InTestRequest;
///
/// # async fn example() -> reqwest::Result<()> {
/// let client = reqwest::Client::new();
/// client.post("http://127.0.0.1:6066/order/create/").in_current_test().send().await?;
/// # Ok(())
/// # }
/// ```
pub trait InTestRequest {
    /// Adds the headers of the test that this task is in, if it is in one.
    #[must_use]
    fn in_current_test(self) -> Self;
}

impl InTestRequest for RequestBuilder {
    fn in_current_test(self) -> Self {
        let mut headers = ::http::HeaderMap::new();
        http::inject_current(&mut headers);
        if headers.is_empty() { self } else { self.headers(headers) }
    }
}
