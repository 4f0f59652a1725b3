//! The four compressions, unpacked as streams and packed whole.

use std::io::{self, Read, Write};

use bytes::{Buf, BufMut};
use kafka_protocol::ResponseError;

/// More than this in one batch is nobody's data.
pub(super) const MAX_UNPACKED: u64 = 256 << 20;

const JAVA_SNAPPY: &[u8] = b"\x82SNAPPY\0";
const JAVA_SNAPPY_HEADER: usize = 16;

/// Unpacks as a stream, so that what unpacks to gigabytes costs nothing to refuse.
pub(super) fn unpack(codec: i16, packed: &[u8]) -> Result<Box<dyn Read + '_>, ResponseError> {
    let corrupt = |_| ResponseError::CorruptMessage;
    Ok(match codec {
        0 => Box::new(packed),
        1 => Box::new(io::BufReader::new(flate2::read::GzDecoder::new(packed))),
        2 => Box::new(io::Cursor::new(unsnap(packed).map_err(corrupt)?)),
        3 => Box::new(lz4_flex::frame::FrameDecoder::new(packed)),
        4 => Box::new(io::BufReader::new(
            ruzstd::decoding::StreamingDecoder::new(packed).map_err(|_| ResponseError::CorruptMessage)?,
        )),
        _ => return Err(ResponseError::UnsupportedCompressionType),
    })
}

/// Snappy as Kafka's clients write it: one raw block (librdkafka), or blocks in the framing of Java's library.
fn unsnap(packed: &[u8]) -> io::Result<Vec<u8>> {
    let mut unpacked = Vec::new();
    if !packed.starts_with(JAVA_SNAPPY) || packed.len() < JAVA_SNAPPY_HEADER {
        unsnap_block(packed, &mut unpacked)?;
        return Ok(unpacked);
    }
    let mut blocks = &packed[JAVA_SNAPPY_HEADER..];
    while blocks.len() >= 4 {
        let length = blocks.get_u32() as usize;
        let block = blocks.get(..length).ok_or(io::ErrorKind::UnexpectedEof)?;
        unsnap_block(block, &mut unpacked)?;
        blocks.advance(length);
    }
    Ok(unpacked)
}

fn unsnap_block(block: &[u8], into: &mut Vec<u8>) -> io::Result<()> {
    let length = snap::raw::decompress_len(block)?;
    let start = into.len();
    if (start + length) as u64 > MAX_UNPACKED {
        return Err(io::ErrorKind::InvalidData.into());
    }
    into.resize(start + length, 0);
    snap::raw::Decoder::new().decompress(block, &mut into[start..])?;
    Ok(())
}

/// Packs what was unpacked before with the same codec.
pub(super) fn pack(codec: i16, plain: &[u8]) -> io::Result<Vec<u8>> {
    Ok(match codec {
        0 => plain.to_vec(),
        1 => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            encoder.write_all(plain)?;
            encoder.finish()?
        }
        2 => {
            // The framing that every client reads, with one block.
            let block = snap::raw::Encoder::new().compress_vec(plain)?;
            let mut packed = Vec::with_capacity(JAVA_SNAPPY_HEADER + 4 + block.len());
            packed.put_slice(JAVA_SNAPPY);
            packed.put_u32(1); // version
            packed.put_u32(1); // the oldest version that can read it
            packed.put_u32(u32::try_from(block.len()).map_err(|_| io::ErrorKind::InvalidData)?);
            packed.put_slice(&block);
            packed
        }
        3 => {
            let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
            encoder.write_all(plain)?;
            encoder.finish()?
        }
        4 => ruzstd::encoding::compress_to_vec(plain, ruzstd::encoding::CompressionLevel::Fastest),
        _ => return Err(io::ErrorKind::InvalidData.into()),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_packed_unpacks_to_the_same(
            word in proptest::collection::vec(any::<u8>(), 0..64),
            times in 0..200_usize,
        ) {
            let plain = word.repeat(times);
            for codec in 0..=4 {
                let packed = pack(codec, &plain).expect("packed");
                let mut unpacked = Vec::new();
                unpack(codec, &packed).expect("known").read_to_end(&mut unpacked).expect("sound");
                prop_assert_eq!(&unpacked, &plain, "codec {}", codec);
            }
        }
    }
}
