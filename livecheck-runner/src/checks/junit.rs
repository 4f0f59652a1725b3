//! JUnit's XML, as far as all who write it agree: `<testcase>` elements, wherever they stand, with what became of them.
//!
//! There is no standard. pytest, cargo nextest, Playwright, Jest, Gradle and Surefire differ in their roots, attributes and
//! nesting; what is read here is what they have in common (<https://github.com/testmoapp/junitxml> collects it), and
//! everything else is passed over.

use std::io::BufRead;

use livecheck_core::text::floor_char_boundary;
use quick_xml::Reader;
use quick_xml::escape::{resolve_xml_entity, unescape};
use quick_xml::events::{BytesRef, BytesStart, Event};

/// How many test cases of a document are read.
const MOST_TESTS: usize = 5_000;
/// How much of a text is kept, in bytes.
const TEXT_KEPT: usize = 16 * 1024;

/// A test case.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct TestResult {
    /// What it belongs to: a module, a class, a file.
    pub(crate) classname: Option<String>,
    pub(crate) name: String,
    /// The `hostname` of its suite: a machine, or what Playwright calls a project.
    pub(crate) host: Option<String>,
    /// How long it took, in seconds.
    pub(crate) time: Option<f64>,
    pub(crate) ending: Ending,
    /// What it was before it was tried again by whoever ran it, as nextest does: each failure, in order.
    pub(crate) earlier: Vec<Trouble>,
}

/// What became of a test case.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Ending {
    #[default]
    Passed,
    /// With the reason, if there is one.
    Skipped(Option<String>),
    /// An assertion did not hold.
    Failed(Trouble),
    /// It could not be run, or ended in another way.
    Errored(Trouble),
}

/// What is said of a failure.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Trouble {
    pub(crate) message: Option<String>,
    pub(crate) text: String,
}

/// What could be read of a document.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Document {
    pub(crate) tests: Vec<TestResult>,
    /// Why the rest could not be.
    pub(crate) problem: Option<String>,
}

/// An element within a test case whose text is wanted.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    Skipped,
    Failed,
    Errored,
    /// A failure before the test was tried again.
    Earlier,
}

/// An element whose text is being read.
struct Open {
    part: Part,
    trouble: Trouble,
    /// What it is, in a word: all that nextest says of a test whose time was over.
    kind: Option<String>,
    depth: usize,
}

/// Reads a document; what stands before something that is no XML counts.
pub(crate) fn read(xml: impl BufRead) -> Document {
    let mut reading = Reading::default();
    let mut reader = Reader::from_reader(xml);
    let mut buffer = Vec::new();
    let problem = loop {
        buffer.clear();
        match reader.read_event_into(&mut buffer) {
            Ok(Event::Start(element)) => reading.start(&element),
            Ok(Event::Empty(element)) => {
                reading.start(&element);
                reading.end(element.name().as_ref());
            }
            Ok(Event::End(element)) => reading.end(element.name().as_ref()),
            Ok(Event::Text(text)) => reading.text(&String::from_utf8_lossy(&text)),
            Ok(Event::CData(text)) => reading.text(&String::from_utf8_lossy(&text)),
            Ok(Event::GeneralRef(reference)) => reading.text(&resolved(&reference)),
            Ok(Event::Eof) => break reading.at_end(),
            Ok(_) => {}
            Err(error) => break Some(format!("it is no XML at byte {}: {error}", reader.error_position())),
        }
        if reading.tests.len() > MOST_TESTS {
            reading.tests.truncate(MOST_TESTS);
            break Some(format!("it has more than {MOST_TESTS} test cases"));
        }
    };
    Document { tests: reading.tests, problem }
}

#[derive(Default)]
struct Reading {
    tests: Vec<TestResult>,
    test: Option<TestResult>,
    /// What is being read of it.
    part: Option<Open>,
    /// The `hostname` of the suite.
    host: Option<String>,
    /// Why the test case would be skipped, if it is.
    reason: Option<String>,
    /// How many elements are open.
    depth: usize,
    has_root: bool,
}

impl Reading {
    fn start(&mut self, element: &BytesStart<'_>) {
        self.depth += 1;
        let part = match element.local_name().as_ref() {
            b"testsuites" | b"testsuite" => {
                self.has_root = true;
                self.host = attribute(element, b"hostname").filter(|name| !name.is_empty());
                return;
            }
            b"testcase" => {
                self.has_root = true;
                self.reason = None;
                self.test = Some(TestResult {
                    classname: attribute(element, b"classname").filter(|name| !name.is_empty()),
                    name: attribute(element, b"name").unwrap_or_default(),
                    host: self.host.clone(),
                    time: attribute(element, b"time").and_then(|time| seconds(&time)),
                    ..TestResult::default()
                });
                return;
            }
            b"property" => return self.property(element),
            b"skipped" => Part::Skipped,
            b"failure" => Part::Failed,
            b"error" => Part::Errored,
            b"rerunFailure" | b"rerunError" | b"flakyFailure" | b"flakyError" => Part::Earlier,
            _ => return,
        };
        if self.part.is_none() {
            let trouble = Trouble { message: attribute(element, b"message"), text: String::new() };
            self.part = Some(Open { part, trouble, kind: attribute(element, b"type"), depth: self.depth });
        }
    }

    /// Playwright says in one why a test is skipped; the element that says so stands behind it, and is empty.
    fn property(&mut self, element: &BytesStart<'_>) {
        if matches!(attribute(element, b"name").as_deref(), Some("skip" | "fixme")) {
            self.reason = attribute(element, b"value").filter(|reason| !reason.is_empty());
        }
    }

    fn text(&mut self, text: &str) {
        // Not that of what it wrote, which stands within some.
        let depth = self.depth;
        if let Some(Open { trouble, .. }) = self.part.as_mut().filter(|open| open.depth == depth) {
            let room = TEXT_KEPT.saturating_sub(trouble.text.len());
            trouble.text.push_str(&text[..floor_char_boundary(text, room)]);
        }
    }

    fn end(&mut self, name: &[u8]) {
        let depth = self.depth;
        self.depth = depth.saturating_sub(1);
        let local = name.rsplit(|byte| *byte == b':').next().unwrap_or(name);
        match local {
            b"testcase" => self.tests.extend(self.test.take()),
            _ if self.part.as_ref().is_some_and(|open| open.depth == depth) => self.end_part(),
            _ => {}
        }
    }

    fn end_part(&mut self) {
        let (Some(Open { part, trouble, kind, .. }), Some(test)) = (self.part.take(), &mut self.test) else {
            return;
        };
        let text = trouble.text.trim().to_owned();
        let said = |said: Option<String>| said.map(|said| cut(said.trim())).filter(|said| !said.is_empty());
        let message = said(trouble.message).or_else(|| said(kind).filter(|_| text.is_empty()));
        let trouble = Trouble { message, text };
        match (part, &test.ending) {
            (Part::Earlier, _) => test.earlier.push(trouble),
            (Part::Skipped, Ending::Passed) => {
                test.ending = Ending::Skipped(trouble.said().or(self.reason.take()));
            }
            // The first failure is what the others come from.
            (Part::Failed, Ending::Passed | Ending::Skipped(_)) => test.ending = Ending::Failed(trouble),
            (Part::Errored, Ending::Passed | Ending::Skipped(_)) => test.ending = Ending::Errored(trouble),
            _ => {}
        }
    }

    /// What is wrong with a document that ends here.
    fn at_end(&self) -> Option<String> {
        match (self.has_root, self.depth) {
            (false, _) => {
                Some("it is no JUnit XML: it has no <testsuites>, <testsuite> or <testcase>".to_owned())
            }
            (true, 0) => None,
            (true, open) => Some(format!("it ends in the midst of {open} elements")),
        }
    }
}

impl Trouble {
    /// The message, or else the first line of the text.
    pub(crate) fn said(&self) -> Option<String> {
        let first_line = || self.text.lines().map(str::trim).find(|line| !line.is_empty()).map(str::to_owned);
        self.message.clone().or_else(first_line)
    }
}

fn attribute(element: &BytesStart<'_>, name: &[u8]) -> Option<String> {
    let attribute = element.attributes().with_checks(false).flatten().find(|it| it.key.as_ref() == name)?;
    let text = String::from_utf8_lossy(&attribute.value);
    // An entity of somebody's own stays as it is.
    Some(unescape(&text).map_or_else(|_| text.to_string(), std::borrow::Cow::into_owned))
}

/// What `&lt;` and `&#10;` stand for.
fn resolved(reference: &BytesRef<'_>) -> String {
    if let Ok(Some(character)) = reference.resolve_char_ref() {
        return character.to_string();
    }
    let name = String::from_utf8_lossy(reference);
    resolve_xml_entity(&name).map_or_else(|| format!("&{name};"), str::to_owned)
}

/// Seconds, also where thousands have commas, as some write them.
fn seconds(text: &str) -> Option<f64> {
    text.trim().replace(',', "").parse::<f64>().ok().filter(|seconds| seconds.is_finite() && *seconds >= 0.0)
}

/// A text as it is kept.
fn cut(text: &str) -> String {
    text[..floor_char_boundary(text, TEXT_KEPT)].to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tests(xml: &str) -> Vec<String> {
        let Document { tests, problem } = read(xml.as_bytes());
        assert_eq!(problem, None, "{xml}");
        tests.iter().map(|test| format!("{test:?}")).collect()
    }

    #[test]
    fn what_pytest_nextest_and_playwright_write_is_read() {
        insta::assert_snapshot!(tests(include_str!("../../testdata/junit/pytest.xml")).join("\n"));
        insta::assert_snapshot!(tests(include_str!("../../testdata/junit/nextest.xml")).join("\n"));
        insta::assert_snapshot!(tests(include_str!("../../testdata/junit/playwright.xml")).join("\n"));
    }

    #[test]
    fn a_document_that_is_cut_off_has_what_stands_before() {
        let whole = include_str!("../../testdata/junit/pytest.xml");
        let all = read(whole.as_bytes()).tests;
        let end = whole.find("</testcase>").expect("a test case") + "</testcase>".len();
        let document = read(&whole.as_bytes()[..end]);
        assert_eq!(document.tests[..], all[..document.tests.len()]);
        assert!(document.problem.is_some_and(|problem| problem.starts_with("it ends in the midst of")));
    }

    #[test]
    fn what_is_no_junit_xml_is_said_to_be_none() {
        let problem = |xml: &str| read(xml.as_bytes()).problem.unwrap_or_default();
        assert!(problem("").starts_with("it is no JUnit XML"));
        assert!(problem("<html><body/></html>").starts_with("it is no JUnit XML"));
        assert!(problem("collected 3 items").starts_with("it is no JUnit XML"));
        assert!(problem("<testsuite><testcase name='a'></testsuite>").starts_with("it is no XML at byte"));
        assert_eq!(read("<testsuite/>".as_bytes()), Document::default());
    }

    #[test]
    fn more_than_anybody_reads_is_left_out_and_said() {
        let many = format!("<testsuite>{}</testsuite>", "<testcase name='a'/>".repeat(MOST_TESTS + 1));
        let document = read(many.as_bytes());
        assert_eq!(document.tests.len(), MOST_TESTS);
        assert_eq!(document.problem.as_deref(), Some("it has more than 5000 test cases"));
        let long = format!("<testcase name='a'><failure>{}</failure></testcase>", "ä".repeat(TEXT_KEPT));
        let Ending::Failed(trouble) = &read(long.as_bytes()).tests[0].ending else { panic!("it failed") };
        assert_eq!(trouble.text.len(), TEXT_KEPT);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(xml in "(<(/?(testsuite|testcase|failure|skipped)( (name|time)='[^<]{0,5}')?/?)>|&[a-z#0-9]{1,4};|[^<&]{0,6}|<!\\[CDATA\\[|]]>){0,30}") {
            let _ = read(xml.as_bytes());
        }

        #[test]
        fn nor_do_any_bytes(xml in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = read(&xml[..]);
        }
    }
}
