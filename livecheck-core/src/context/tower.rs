//! Tower layers: one puts each request of a server into the test that its headers carry, one carries the test along
//! with each request of a client. For axum, tonic, reqwest, and whatever else is on tower.

use std::task::{self, Poll};

use ::http::{HeaderMap, Request};
use tower_layer::Layer;
use tower_service::Service;

use super::{InTest, Scoped, http};

/// Puts each request into the test that its headers carry.
///
/// With axum: `Router::new().route(…).layer(TestLayer)`.
#[derive(Clone, Copy, Debug, Default)]
pub struct TestLayer;

impl<S> Layer<S> for TestLayer {
    type Service = TestService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        TestService { inner }
    }
}

/// A service whose requests run in the test that their headers carry. Made by [`TestLayer`].
#[derive(Clone, Debug)]
pub struct TestService<S> {
    inner: S,
}

impl<S, B> Service<Request<B>> for TestService<S>
where
    S: Service<Request<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Scoped<S::Future>;

    fn poll_ready(&mut self, context: &mut task::Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let test = http::extract(request.headers());
        self.inner.call(request).in_test(test)
    }
}

/// Carries the test that the task is in along with each request of a client.
///
/// With tonic, `ServiceBuilder::new().layer(CarryTestLayer).service(channel)` is what its generated clients take in place
/// of the channel; reqwest's client is a service as well.
#[derive(Clone, Copy, Debug, Default)]
pub struct CarryTestLayer;

impl<S> Layer<S> for CarryTestLayer {
    type Service = CarryTestService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        CarryTestService { inner }
    }
}

/// A service whose requests carry the test that they are made in. Made by [`CarryTestLayer`].
#[derive(Clone, Debug)]
pub struct CarryTestService<S> {
    inner: S,
}

impl<S, R> Service<R> for CarryTestService<S>
where
    S: Service<R>,
    R: WithHeaders,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut task::Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: R) -> Self::Future {
        http::inject_current(request.headers_mut());
        self.inner.call(request)
    }
}

/// A request of a client.
pub trait WithHeaders {
    /// Its headers.
    fn headers_mut(&mut self) -> &mut HeaderMap;
}

impl<B> WithHeaders for Request<B> {
    fn headers_mut(&mut self) -> &mut HeaderMap {
        Self::headers_mut(self)
    }
}

#[cfg(feature = "reqwest")]
impl WithHeaders for ::reqwest::Request {
    fn headers_mut(&mut self) -> &mut HeaderMap {
        Self::headers_mut(self)
    }
}
