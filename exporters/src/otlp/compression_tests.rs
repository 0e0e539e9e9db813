use std::io::Read;

use bytes::Bytes;
use proptest::prelude::*;

use super::{Compression, CompressionParams, Compressor};

fn inflate(compression: Compression, body: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    match compression {
        Compression::Gzip => flate2::read::GzDecoder::new(body).read_to_end(&mut plain).expect("gzip"),
        Compression::Zlib | Compression::Deflate => {
            flate2::read::ZlibDecoder::new(body).read_to_end(&mut plain).expect("zlib")
        }
        Compression::Zstd => return zstd::decode_all(body).expect("zstd"),
        Compression::None | Compression::Snappy | Compression::XSnappyFramed | Compression::Lz4 => {
            unreachable!("not compressed")
        }
    };
    plain
}

fn compress(compressor: &Compressor, pieces: &[Bytes]) -> Bytes {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("runtime");
    runtime.block_on(compressor.compress(pieces)).expect("compressed")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn what_was_compressed_reads_back_as_one_stream(
        pieces in prop::collection::vec(prop::collection::vec(0_u8..8, 0..9000), 0..5),
        level in 0_u32..=9,
    ) {
        let pieces: Vec<Bytes> = pieces.into_iter().map(Bytes::from).collect();
        for compression in [Compression::Gzip, Compression::Zlib, Compression::Deflate, Compression::Zstd] {
            let compressor = Compressor::new(compression, &CompressionParams { level }).expect("a compressor");
            // Twice, so that the second time uses the kept context.
            for _ in 0..2 {
                prop_assert_eq!(inflate(compression, &compress(&compressor, &pieces)), pieces.concat());
            }
        }
    }
}

#[test]
fn none_is_no_compressor() {
    assert!(Compressor::new(Compression::None, &CompressionParams::default()).is_none());
}

#[test]
fn what_this_build_lacks_is_refused_with_a_way_out() {
    let error = Compression::Snappy.validate(&CompressionParams::default()).expect_err("refused");
    assert_eq!(error.to_string(), "compression: snappy is not in this build; use zstd, gzip or none");
}

#[test]
fn a_level_beyond_the_algorithm_is_refused() {
    let error = Compression::Gzip.validate(&CompressionParams { level: 10 }).expect_err("refused");
    assert_eq!(error.to_string(), "compression_params.level: 10 is above 9, the highest level of gzip");
}
