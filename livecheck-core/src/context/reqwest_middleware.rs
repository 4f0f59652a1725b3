//! The test in the headers of every request of a client, by reqwest-middleware.

use ::reqwest::{Request, Response};
use ::reqwest_middleware::{Middleware, Next, Result};

use super::http;

/// Carries the test that the task is in along with every request of a client.
///
/// ```no_run
/// use livecheck_core::CarryTest;
/// use reqwest_middleware::ClientBuilder;
///
/// # async fn example() -> reqwest_middleware::Result<()> {
/// let http = ClientBuilder::new(reqwest::Client::new()).with(CarryTest).build();
/// http.get("http://127.0.0.1:6066/health").send().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct CarryTest;

#[async_trait::async_trait]
impl Middleware for CarryTest {
    async fn handle(
        &self,
        mut request: Request,
        extensions: &mut ::http::Extensions,
        next: Next<'_>,
    ) -> Result<Response> {
        http::inject_current(request.headers_mut());
        next.run(request, extensions).await
    }
}
