//! EBML, the binary format of Matroska (RFC 8794): elements with an ID, a size and a body, one within the other.
//!
//! Nothing here fails. Once the caller's closure has failed or a limit is reached, there are no more elements, so
//! that every loop over elements ends soon.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write as _;

/// How many bytes are asked for at once. No value that is kept is longer.
const CHUNK: usize = 16 * 1024;

/// How many times bytes are asked for: 16 MiB in all.
const MAX_READS: u32 = 1024;

/// How many elements are looked at. A film with a thousand chapters and tags for each of them has about 30,000.
const MAX_ELEMENTS: u32 = 1 << 18;

/// The longest element header: an ID of four bytes and a size of eight.
const MAX_HEADER: usize = 12;

/// How many characters of a text are kept, without the ellipsis that shows that it was longer.
pub(super) const MAX_TEXT: usize = 4000;

/// How many bytes of a binary value are kept. A segment's UID has 16.
const MAX_BINARY: usize = 32;

/// A part of the file, from the offset `at` up to the offset `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) at: u64,
    pub(super) end: u64,
}

impl Span {
    pub(super) fn bytes(self) -> u64 {
        self.end.saturating_sub(self.at)
    }
}

/// An element's header and where its body is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Element {
    /// The ID as the specification writes it, with the bits that say how long it is.
    pub(super) id: u32,
    /// The body. It never reaches beyond the end of the parent.
    pub(super) body: Span,
    /// The size that the header declares; `None` if the header says that the size isn't known.
    pub(super) size: Option<u64>,
}

impl Element {
    /// Whether the size is known and the body is as long as that.
    pub(super) fn is_whole(&self) -> bool {
        self.size == Some(self.body.bytes())
    }
}

/// Reads elements and their values through the caller's closure, in chunks of which the last one is kept.
pub(super) struct Reader<'a, E> {
    read: &'a mut dyn FnMut(u64, usize) -> Result<Vec<u8>, E>,
    size: u64,
    chunk: Vec<u8>,
    chunk_at: u64,
    reads_left: u32,
    elements_left: u32,
    failure: Option<E>,
    incomplete: bool,
}

impl<'a, E> Reader<'a, E> {
    pub(super) fn new(size: u64, read: &'a mut dyn FnMut(u64, usize) -> Result<Vec<u8>, E>) -> Self {
        Self {
            read,
            size,
            chunk: Vec::new(),
            chunk_at: 0,
            reads_left: MAX_READS,
            elements_left: MAX_ELEMENTS,
            failure: None,
            incomplete: false,
        }
    }

    /// The whole file.
    pub(super) fn file(&self) -> Span {
        Span { at: 0, end: self.size }
    }

    /// Notes that something of the file isn't read.
    pub(super) fn mark_incomplete(&mut self) {
        self.incomplete = true;
    }

    /// Whether something of the file wasn't read.
    ///
    /// # Errors
    ///
    /// If the closure failed.
    pub(super) fn finish(self) -> Result<bool, E> {
        self.failure.map_or(Ok(self.incomplete), Err)
    }

    /// The next element of a parent, of which `rest` is what wasn't read yet. An element that reaches beyond its
    /// parent's end is cut there.
    pub(super) fn child(&mut self, rest: &mut Span) -> Option<Element> {
        if rest.at >= rest.end {
            return None;
        }
        let child = self.header(*rest);
        self.incomplete |= child.is_none_or(|child| !child.is_whole());
        rest.at = child.map_or(rest.end, |child| child.body.end);
        child
    }

    /// The element that begins where `parent` begins; `None` if there is no element.
    pub(super) fn header(&mut self, parent: Span) -> Option<Element> {
        self.elements_left = self.elements_left.checked_sub(1)?;
        let bytes = self.bytes(parent.at, MAX_HEADER);
        let (id, id_length) = number(bytes, 4)?;
        let (size, size_length) = number(bytes.get(id_length..)?, 8)?;
        // The highest bit that is set says how long the size is. If all others are set, the size isn't known.
        let unknown = (1_u64 << (7 * size_length)) - 1;
        let size = Some(size & unknown).filter(|size| *size != unknown);
        let at = parent.at.checked_add((id_length + size_length) as u64)?;
        let room = parent.end.checked_sub(at)?;
        let end = at.checked_add(size.map_or(room, |size| size.min(room)))?;
        Some(Element { id: u32::try_from(id).ok()?, body: Span { at, end }, size })
    }

    /// The value of an unsigned integer; `None` if it is empty, which means the element's default, or if it can't be
    /// read.
    pub(super) fn unsigned(&mut self, element: Element) -> Option<u64> {
        let value = self.value(element, 8)?;
        let number = value.iter().fold(0, |number, byte| (number << 8) | u64::from(*byte));
        if element.body.bytes() > 8 {
            self.mark_incomplete();
            return None;
        }
        Some(number)
    }

    /// The value of an unsigned integer that means no (0) or yes; `None` as in [`unsigned`](Self::unsigned).
    pub(super) fn flag(&mut self, element: Element) -> Option<bool> {
        self.unsigned(element).map(|value| value != 0)
    }

    /// The value of a text, shortened to [`MAX_TEXT`] characters and an ellipsis; `None` if it is empty or can't be
    /// read.
    pub(super) fn text(&mut self, element: Element) -> Option<String> {
        // A character has at most four bytes, so these are enough to see whether there are too many.
        let value = self.value(element, 4 * MAX_TEXT + 1)?;
        // A text may be padded with zeros.
        let text = value.split(|byte| *byte == 0).next().filter(|text| !text.is_empty())?;
        let text = String::from_utf8_lossy(text);
        let mut kept: String = text.chars().take(MAX_TEXT).collect();
        if kept.len() < text.len() {
            kept.push('…');
        }
        Some(kept)
    }

    /// A binary value as hexadecimal digits; `None` if it is empty, consists of zeros or can't be read.
    pub(super) fn hex(&mut self, element: Element) -> Option<String> {
        let value = self.value(element, MAX_BINARY)?;
        let mut digits = String::new();
        for byte in value {
            write!(digits, "{byte:02x}").ok()?;
        }
        value.iter().any(|byte| *byte != 0).then_some(digits)
    }

    /// The first bytes of an element's body, at most `most` of them; `None` if the element is empty or not whole.
    fn value(&mut self, element: Element, most: usize) -> Option<&[u8]> {
        if !element.is_whole() {
            return None;
        }
        let length = usize::try_from(element.body.bytes()).map_or(most, |bytes| bytes.min(most));
        let found = self.bytes(element.body.at, length).len();
        self.incomplete |= found < length;
        // The chunk holds these bytes now, so this reads nothing.
        Some(self.bytes(element.body.at, length)).filter(|value| !value.is_empty() && found == length)
    }

    /// `length` bytes of the file from `offset` on; fewer at its end, or if no more is read.
    fn bytes(&mut self, offset: u64, length: usize) -> &[u8] {
        let end = offset.saturating_add(length as u64).min(self.size);
        let chunk_end = self.chunk_at.saturating_add(self.chunk.len() as u64);
        if offset < end && (offset < self.chunk_at || chunk_end < end) {
            self.fill(offset);
        }
        let skipped = offset.checked_sub(self.chunk_at).and_then(|skipped| usize::try_from(skipped).ok());
        let held = skipped.and_then(|skipped| self.chunk.get(skipped..)).unwrap_or_default();
        held.get(..length).unwrap_or(held)
    }

    /// Reads the chunk that begins at `offset`.
    fn fill(&mut self, offset: u64) {
        self.chunk.clear();
        self.chunk_at = offset;
        let Some(reads_left) = self.reads_left.checked_sub(1) else { return };
        self.reads_left = reads_left;
        let rest = self.size.saturating_sub(offset);
        let wanted = usize::try_from(rest).map_or(CHUNK, |rest| rest.min(CHUNK));
        match (self.read)(offset, wanted) {
            Ok(mut bytes) => {
                bytes.truncate(wanted);
                if bytes.len() < wanted {
                    // The file is shorter than was said.
                    self.size = offset.saturating_add(bytes.len() as u64);
                }
                self.chunk = bytes;
            }
            Err(failure) => {
                self.failure = Some(failure);
                self.reads_left = 0;
            }
        }
    }
}

/// A number whose leading zero bits say how many bytes it has, at most `most` (which is at most 8), and how many those
/// are.
fn number(bytes: &[u8], most: usize) -> Option<(u64, usize)> {
    let length = bytes.first()?.leading_zeros() as usize + 1;
    let digits = bytes.get(..length).filter(|_| length <= most)?;
    Some((digits.iter().fold(0, |number, byte| (number << 8) | u64::from(*byte)), length))
}
