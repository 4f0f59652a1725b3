//! Walking along a request.

use kafka_protocol::messages::ApiKey;

use super::requests;

/// What stands at a place in a request.
#[derive(Debug, Clone, Copy)]
pub(super) enum Field {
    /// So many bytes.
    Fixed(usize),
    /// A string, or none.
    Text,
    /// Bytes, or none.
    Blob,
    /// An array of structures.
    Structs(&'static [Versioned]),
    /// An array of plain values.
    Values(&'static Field),
}

/// A field, and the first and last version that has it.
pub(super) type Versioned = (i16, i16, Field);

/// More elements than this in one request is nobody's: decoded, they would take a hundred times their bytes.
const MAX_ELEMENTS: usize = 1 << 20;

/// What is wrong with a request's outline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Misshapen {
    #[error("it ends too early")]
    Short,
    #[error("a length or number in it is out of bounds")]
    Length,
    #[error("it has more than {MAX_ELEMENTS} elements")]
    Elements,
    #[error("its kind is not known")]
    Unknown,
}

/// Whether the body has the outline of such a request; returns how many bytes that takes.
pub(crate) fn check(key: ApiKey, version: i16, body: &[u8]) -> Result<usize, Misshapen> {
    let fields = requests::fields(key).ok_or(Misshapen::Unknown)?;
    // Compact lengths and tagged fields came to requests together with the second version of their header.
    let compact = key.request_header_version(version) >= 2;
    let mut walk = Walk { rest: body, version, compact, elements: 0 };
    walk.structure(fields)?;
    Ok(body.len() - walk.rest.len())
}

struct Walk<'a> {
    rest: &'a [u8],
    version: i16,
    compact: bool,
    elements: usize,
}

impl Walk<'_> {
    fn structure(&mut self, fields: &'static [Versioned]) -> Result<(), Misshapen> {
        for (min, max, field) in fields {
            if (*min..=*max).contains(&self.version) {
                self.field(field)?;
            }
        }
        if self.compact {
            for _ in 0..self.varint()? {
                let _tag = self.varint()?;
                let size = self.varint()?;
                self.skip(size as usize)?;
            }
        }
        Ok(())
    }

    fn field(&mut self, field: &'static Field) -> Result<(), Misshapen> {
        match field {
            Field::Fixed(size) => self.skip(*size),
            Field::Text => {
                let length = if self.compact { self.compact_length()? } else { self.short_length()? };
                self.skip(length)
            }
            Field::Blob => {
                let length = self.length()?;
                self.skip(length)
            }
            Field::Structs(fields) => {
                for _ in 0..self.count()? {
                    self.structure(fields)?;
                }
                Ok(())
            }
            Field::Values(value) => {
                for _ in 0..self.count()? {
                    self.field(value)?;
                }
                Ok(())
            }
        }
    }

    fn count(&mut self) -> Result<usize, Misshapen> {
        let count = self.length()?;
        // Each takes a byte at the least.
        if count > self.rest.len() {
            return Err(Misshapen::Short);
        }
        self.elements += count;
        if self.elements > MAX_ELEMENTS { Err(Misshapen::Elements) } else { Ok(count) }
    }

    fn length(&mut self) -> Result<usize, Misshapen> {
        if self.compact {
            return self.compact_length();
        }
        match i32::from_be_bytes(self.take()?) {
            -1 => Ok(0),
            length => usize::try_from(length).map_err(|_| Misshapen::Length),
        }
    }

    fn short_length(&mut self) -> Result<usize, Misshapen> {
        match i16::from_be_bytes(self.take()?) {
            -1 => Ok(0),
            length => usize::try_from(length).map_err(|_| Misshapen::Length),
        }
    }

    /// One more than the length; nought stands for none.
    fn compact_length(&mut self) -> Result<usize, Misshapen> {
        Ok((self.varint()? as usize).saturating_sub(1))
    }

    fn varint(&mut self) -> Result<u32, Misshapen> {
        let mut value = 0u64;
        for shift in [0, 7, 14, 21, 28] {
            let [byte] = self.take()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return u32::try_from(value).map_err(|_| Misshapen::Length);
            }
        }
        Err(Misshapen::Length)
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], Misshapen> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(Misshapen::Short)?;
        self.rest = rest;
        Ok(*taken)
    }

    fn skip(&mut self, size: usize) -> Result<(), Misshapen> {
        self.rest = self.rest.get(size..).ok_or(Misshapen::Short)?;
        Ok(())
    }
}

/// A body of this outline; `choose` picks each array's and string's length, up to the number it is given.
#[cfg(test)]
pub(in crate::api) fn sample(key: ApiKey, version: i16, choose: &mut dyn FnMut(usize) -> usize) -> Vec<u8> {
    let compact = key.request_header_version(version) >= 2;
    let mut body = Vec::new();
    let fields = requests::fields(key).expect("served");
    Sample { version, compact, choose }.structure(fields, &mut body);
    body
}

#[cfg(test)]
struct Sample<'a> {
    version: i16,
    compact: bool,
    choose: &'a mut dyn FnMut(usize) -> usize,
}

#[cfg(test)]
impl Sample<'_> {
    fn structure(&mut self, fields: &'static [Versioned], body: &mut Vec<u8>) {
        for (min, max, field) in fields {
            if (*min..=*max).contains(&self.version) {
                self.field(field, body);
            }
        }
        if self.compact {
            // A tagged field that nobody knows.
            body.extend([1, 99, 2, 7, 7]);
        }
    }

    fn field(&mut self, field: &'static Field, body: &mut Vec<u8>) {
        match field {
            Field::Fixed(size) => body.extend((0..*size).map(|_| (self.choose)(1) as u8)),
            Field::Text | Field::Blob => {
                let length = (self.choose)(3);
                match (self.compact, field) {
                    (true, _) => body.push(length as u8 + 1),
                    (false, Field::Text) => body.extend((length as u16).to_be_bytes()),
                    (false, _) => body.extend((length as u32).to_be_bytes()),
                }
                body.extend(std::iter::repeat_n(b'a', length));
            }
            Field::Structs(_) | Field::Values(_) => {
                let count = (self.choose)(2);
                if self.compact {
                    body.push(count as u8 + 1);
                } else {
                    body.extend((count as u32).to_be_bytes());
                }
                for _ in 0..count {
                    match field {
                        Field::Structs(fields) => self.structure(fields, body),
                        Field::Values(value) => self.field(value, body),
                        Field::Fixed(_) | Field::Text | Field::Blob => {}
                    }
                }
            }
        }
    }
}
