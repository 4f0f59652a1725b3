//! The test in the headers of HTTP requests, by the `http` crate that axum, tonic, hyper and reqwest share.

use ::http::{HeaderMap, HeaderName, HeaderValue};

use super::{BAGGAGE, Context, TEST_PARTITION_KEY, current};

/// The test that an HTTP request belongs to, by its headers.
///
/// ```
/// use livecheck_core::context::http::extract;
///
/// assert_eq!(extract(&http::HeaderMap::new()), None);
/// ```
#[must_use]
pub fn extract(headers: &HeaderMap) -> Option<Context> {
    Context::from_headers(headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())))
}

/// Adds the test to the headers of an HTTP request, replacing one that was there.
///
/// A header value cannot hold every text: an id with control characters travels in the baggage alone, where
/// it is encoded.
pub fn inject(context: &Context, headers: &mut HeaderMap) {
    let before = headers.get(BAGGAGE).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let baggage = context.to_baggage(before.as_deref());
    // An older test may have had one, and this one has none.
    headers.remove(TEST_PARTITION_KEY);
    for (name, value) in context.headers().chain([(BAGGAGE, baggage.as_str())]) {
        let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else { continue };
        // In bytes: a header value may hold UTF-8, and `from_str` would refuse it.
        match HeaderValue::from_bytes(value.as_bytes()) {
            Ok(value) => drop(headers.insert(name, value)),
            Err(_) => drop(headers.remove(name)),
        }
    }
}

/// Adds the test that this task is in to the headers of an HTTP request, if it is in one.
///
/// ```
/// use livecheck_core::{Context, context::http};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let mut request = ::http::Request::new(());
/// let test = Context::for_test("order-1");
/// test.clone().scope(async { http::inject_current(request.headers_mut()) }).await;
/// assert_eq!(http::extract(request.headers()), Some(test));
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn inject_current(headers: &mut HeaderMap) {
    if let Some(context) = current() {
        inject(&context, headers);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::ExecutionKey;
    use crate::time::Timestamp;

    #[test]
    fn every_id_survives_a_request() {
        for id in ["o-1", "übung", "a,b;c=d", "line\nbreak"] {
            let key = ExecutionKey { case: "c".into(), id: id.into(), timestamp: Timestamp::from_micros(1) };
            let context = Context::new(key, Timestamp::from_micros(2));
            let with_partition_key = context.clone().with_partition_key(Some(id.into()));
            let mut headers = HeaderMap::new();
            for context in [with_partition_key, context] {
                inject(&context, &mut headers);
                assert_eq!(extract(&headers), Some(context));
            }
        }
    }
}
