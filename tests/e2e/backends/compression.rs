//! What travels on the wire.

use edgewatch_tests::Signal;
use edgewatch_tests::load::Template;
use edgewatch_tests::sink::{Sink, Transport};

use super::exporter::{exporting, send};

#[tokio::test]
async fn requests_are_compressed_as_configured_and_carry_the_configured_headers() -> anyhow::Result<()> {
    let plain = Template::new(Signal::Traces).size();
    for transport in [Transport::Grpc, Transport::Http] {
        for compression in ["gzip", "zstd", "none"] {
            let sink = Sink::start().await?;
            let settings = format!(
                "compression: {compression}, headers: {{x-tenant: shop, authorization: '${{env:TOKEN}}'}}"
            );
            let forwarder =
                exporting(&sink, transport, &settings)?.environment("TOKEN", "Bearer s3cr3t").start().await?;

            send(&forwarder, Signal::Traces, 1).await?;

            let receipts = sink.wait_for_items(Signal::Traces, 100).await?;
            let receipt = receipts.all().next().unwrap();
            let (encoding, framing) = match transport {
                Transport::Grpc => ("grpc-encoding", 5),
                Transport::Http => ("content-encoding", 0),
            };
            assert_eq!(receipt.transport, transport);
            assert_eq!(receipt.body.len(), plain);
            match compression {
                "none" => {
                    assert!(receipt.header(encoding).is_none_or(|value| value == "identity"));
                    assert_eq!(receipt.wire_size, plain + framing);
                }
                _ => {
                    assert_eq!(receipt.header(encoding), Some(compression));
                    assert!(receipt.wire_size < plain / 3, "{compression}: {} of {plain}", receipt.wire_size);
                }
            }
            let sent = [receipt.header("x-tenant"), receipt.header("authorization")];
            assert_eq!(sent, [Some("shop"), Some("Bearer s3cr3t")]);
            assert!(receipt.header("user-agent").unwrap().starts_with("Edgewatch/"));
            assert!(!forwarder.agent.stderr().contains("s3cr3t"));
        }
    }
    Ok(())
}
