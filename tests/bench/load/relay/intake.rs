//! The server: reads, counts, hands over, acknowledges.

use std::sync::Arc;

use anyhow::Context as _;
use bytes::Bytes;
use edgewatch_tests::{Signal, count};
use h2::RecvStream;
use h2::server::SendResponse;
use http::Request;
use tokio::net::{TcpListener, TcpStream};

use super::super::args::RelayOptions;
use super::super::grpc;
use super::batch::Batches;
use super::outlet::Outlet;

pub(crate) async fn run(options: &RelayOptions) -> anyhow::Result<()> {
    let listener = TcpListener::bind(options.listen).await?;
    let outlet = Outlet::connect(options.sink, options.gzip).await?;
    let batches = Arc::new(Batches::new(outlet));
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(connection(stream, options.frame, Arc::clone(&batches)));
    }
}

async fn connection(stream: TcpStream, frame: u32, batches: Arc<Batches>) -> anyhow::Result<()> {
    let mut server = h2::server::Builder::new();
    server
        .initial_window_size(grpc::STREAM_WINDOW)
        .initial_connection_window_size(grpc::CONNECTION_WINDOW)
        .max_frame_size(frame);
    let mut connection = server.handshake::<_, Bytes>(stream).await?;
    while let Some(request) = connection.accept().await {
        let (request, respond) = request?;
        tokio::spawn(call(request, respond, Arc::clone(&batches)));
    }
    Ok(())
}

async fn call(
    request: Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
    batches: Arc<Batches>,
) -> anyhow::Result<()> {
    let signal = Signal::from_path(request.uri().path()).context("unknown method")?;
    let message = grpc::read(&mut request.into_body()).await?;
    let items = count::items(signal, &message.pieces)?;
    batches.push(signal, items, message.pieces).await;
    grpc::acknowledge(&mut respond)?;
    Ok(())
}
