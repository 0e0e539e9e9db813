//! Servers that leave while requests are under way, played on the frames of HTTP/2.

use bytes::Bytes;
use edgewatch_core::exporter::{ExportError, Exporter};
use http::{HeaderMap, HeaderName, HeaderValue, Response};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::OtlpGrpc;
use super::tests::exporter;
use crate::otlp::testing::batch;

type Connection = h2::server::Connection<TcpStream, Bytes>;

/// Frames of HTTP/2: an empty SETTINGS, and a GOAWAY that says that no request was seen and nothing is wrong.
const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];
const GOAWAY: &[u8] = &[0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
const PREFACE: usize = 24;
const HEADERS: u8 = 1;

async fn listen() -> (TcpListener, OtlpGrpc) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound").to_string();
    let settings = serde_json::json!({"endpoint": address, "tls": {"insecure": true}, "compression": "none"});
    (listener, exporter(settings))
}

async fn accept(listener: &TcpListener) -> Connection {
    let (stream, _) = listener.accept().await.expect("accepted");
    h2::server::handshake(stream).await.expect("HTTP/2")
}

async fn request(connection: &mut Connection) -> h2::server::SendResponse<Bytes> {
    connection.accept().await.expect("a request").expect("a request").1
}

/// Confirms the next request, and goes on until the client ends the connection.
async fn confirm(mut connection: Connection) {
    let mut respond = request(&mut connection).await;
    let response =
        Response::builder().header("content-type", "application/grpc").body(()).expect("a response");
    let mut stream = respond.send_response(response, false).expect("sent");
    let status = (HeaderName::from_static("grpc-status"), HeaderValue::from_static("0"));
    stream.send_trailers(HeaderMap::from_iter([status])).expect("sent");
    while connection.accept().await.is_some() {}
}

#[tokio::test]
async fn a_request_that_a_leaving_server_has_not_seen_is_sent_again_at_once() {
    let (listener, exporter) = listen().await;
    let server = tokio::spawn(async move {
        let (mut leaving, _) = listener.accept().await.expect("accepted");
        leaving.write_all(SETTINGS).await.expect("written");
        leaving.read_exact(&mut [0; PREFACE]).await.expect("the preface");
        loop {
            let mut head = [0; 9];
            leaving.read_exact(&mut head).await.expect("a frame");
            let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
            leaving.read_exact(&mut vec![0; length]).await.expect("a frame");
            if head[3] == HEADERS {
                break;
            }
        }
        leaving.write_all(GOAWAY).await.expect("written");
        confirm(accept(&listener).await).await;
        drop(leaving);
    });

    exporter.export(&batch(1, 1)).await.expect("delivered over another connection");

    server.abort();
}

#[tokio::test]
async fn a_refused_stream_is_sent_again_at_once() {
    let (listener, exporter) = listen().await;
    let server = tokio::spawn(async move {
        let mut connection = accept(&listener).await;
        request(&mut connection).await.send_reset(h2::Reason::REFUSED_STREAM);
        confirm(connection).await;
    });

    exporter.export(&batch(1, 1)).await.expect("delivered over the same connection");

    server.abort();
}

#[tokio::test]
async fn a_server_that_refuses_every_stream_is_left_to_the_retries() {
    let (listener, exporter) = listen().await;
    let server = tokio::spawn(async move {
        let mut connection = accept(&listener).await;
        let mut refused = 0;
        while let Some(Ok((_, mut respond))) = connection.accept().await {
            respond.send_reset(h2::Reason::REFUSED_STREAM);
            refused += 1;
        }
        refused
    });

    let error = exporter.export(&batch(1, 1)).await;
    exporter.close().await;

    assert!(matches!(error, Err(ExportError::Retryable { .. })), "{error:?}");
    assert_eq!(server.await.expect("ended"), 2);
}

#[tokio::test]
async fn a_request_that_was_reset_is_left_to_the_retries() {
    let (listener, exporter) = listen().await;
    let server = tokio::spawn(async move {
        let mut connection = accept(&listener).await;
        request(&mut connection).await.send_reset(h2::Reason::INTERNAL_ERROR);
        confirm(connection).await;
    });

    let error = exporter.export(&batch(1, 1)).await;
    assert!(matches!(error, Err(ExportError::Retryable { .. })), "{error:?}");
    exporter.export(&batch(1, 1)).await.expect("delivered over the same connection");

    server.abort();
}
