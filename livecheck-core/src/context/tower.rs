//! A tower layer that puts each request into the test that its headers carry: for axum, tonic, and any other
//! server on tower.

use std::task::{self, Poll};

use ::http::Request;
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
