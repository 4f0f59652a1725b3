//! The same by gRPC: a service with one call, written by hand, as its generated counterpart would be.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Buf, BufMut};
use futures_util::future::BoxFuture;
use http::uri::PathAndQuery;
use livecheck::context::tower::CarryTestService;
use livecheck::{CarryTestLayer, TestLayer};
use tokio::net::TcpListener;
use tokio::sync::Mutex;
use tonic::body::Body;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::server::{NamedService, UnaryService};
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Server};
use tonic::{Request, Response, Status};
use tower::Layer as _;

/// Serves the call, each in the test that its metadata carry.
pub(crate) async fn serve(listener: TcpListener) -> anyhow::Result<()> {
    let server = Server::builder().layer(TestLayer).add_service(HereService);
    Ok(server.serve_with_incoming(TcpIncoming::from(listener)).await?)
}

/// One connection to each server, for all requests.
#[derive(Clone, Default)]
pub(crate) struct Channels(Arc<Mutex<HashMap<String, CarryTestService<Channel>>>>);

impl Channels {
    /// Asks the server there which test the request belongs to.
    pub(crate) async fn ask(&self, to: &str) -> anyhow::Result<String> {
        let mut client = tonic::client::Grpc::new(self.to(to).await?);
        client.ready().await?;
        let path = PathAndQuery::from_static("/relay.Here/Ask");
        Ok(client.unary(Request::new(String::new()), path, Text).await?.into_inner())
    }

    async fn to(&self, to: &str) -> anyhow::Result<CarryTestService<Channel>> {
        let mut channels = self.0.lock().await;
        if let Some(channel) = channels.get(to) {
            return Ok(channel.clone());
        }
        let channel = Channel::from_shared(format!("http://{to}"))?.connect().await?;
        let channel = CarryTestLayer.layer(channel);
        channels.insert(to.to_owned(), channel.clone());
        Ok(channel)
    }
}

#[derive(Clone)]
struct HereService;

impl NamedService for HereService {
    const NAME: &'static str = "relay.Here";
}

impl tower::Service<http::Request<Body>> for HereService {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        Box::pin(async { Ok(tonic::server::Grpc::new(Text).unary(Ask, request).await) })
    }
}

struct Ask;

impl UnaryService<String> for Ask {
    type Response = String;
    type Future = BoxFuture<'static, Result<Response<String>, Status>>;

    fn call(&mut self, _: Request<String>) -> Self::Future {
        Box::pin(async { Ok(Response::new(super::here().await)) })
    }
}

/// Messages that are texts: this needs no protoc.
#[derive(Clone, Copy)]
struct Text;

impl Codec for Text {
    type Encode = String;
    type Decode = String;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for Text {
    type Item = String;
    type Error = Status;

    fn encode(&mut self, text: String, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        to.put_slice(text.as_bytes());
        Ok(())
    }
}

impl Decoder for Text {
    type Item = String;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<String>, Status> {
        let bytes = from.copy_to_bytes(from.remaining());
        String::from_utf8(bytes.into()).map(Some).map_err(|error| Status::invalid_argument(error.to_string()))
    }
}
