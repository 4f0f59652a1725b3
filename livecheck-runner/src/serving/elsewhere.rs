//! What the leader answers for the others: it alone has the results, where they are in a file of its machine.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt};
use livecheck_core::Timestamp;
use livecheck_store::Store;
use livecheck_web::elsewhere::{Answer, Elsewhere, SENT_ON};
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode};

use super::follower::Follower;
use crate::config::PageUrl;
use crate::monitor::{RunnerRecord, Serves, machine};

/// How long the leader may take: less than those wait who ask.
const WITHIN: Duration = Duration::from_secs(5);
/// How many bytes an answer may have.
const MOST: usize = 16 * 1024 * 1024;

/// Why the leader's results cannot be shown, if that is so. Copies of it say the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Trouble(Arc<Mutex<Option<String>>>);

/// The leader, as one who may be asked.
pub(super) struct Leader {
    follower: Arc<Follower>,
    own: Own,
    client: Client,
    trouble: Trouble,
}

/// Who this runner is, and what it has.
#[derive(Clone, Debug)]
pub(super) struct Own {
    runner: String,
    machine: String,
    file: Option<String>,
}

/// Who answers what is asked of the results.
#[derive(Debug, PartialEq, Eq)]
enum Answers {
    /// This runner, for it has what there is.
    Own,
    /// The page of the leader.
    Leader(PageUrl),
    /// This runner, though it has them not, for that reason.
    Nobody(String),
}

impl Trouble {
    pub(super) fn get(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn is(&self, reason: Option<String>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = reason;
    }
}

impl Own {
    /// A runner that keeps results in that store, or none; nothing, if all have the same store, which is a server's.
    pub(super) fn of(runner: &str, store: Option<&Store>) -> Option<Self> {
        let file = match store.map(|store| store.location().file()) {
            Some(None) => return None,
            Some(Some(file)) => Some(name_of(file)),
            None => None,
        };
        Some(Self { runner: runner.to_owned(), machine: machine(), file })
    }
}

/// What others may ask a runner for, that keeps results in that store and has its page there.
pub(crate) fn served(store: Option<&Store>, page: Option<&PageUrl>) -> Serves {
    let file = store.and_then(|store| store.location().file()).map(name_of);
    Serves { page: page.map(ToString::to_string), file }
}

/// The name of a file that is the same in whatever folder a runner was started.
fn name_of(file: &Path) -> String {
    std::path::absolute(file).unwrap_or_else(|_| file.to_owned()).display().to_string()
}

impl Leader {
    pub(super) fn new(follower: Arc<Follower>, own: Own, trouble: Trouble) -> Result<Self, reqwest::Error> {
        // The others are near, and what they say is what was asked for.
        let client = Client::builder().timeout(WITHIN).no_proxy().redirect(Policy::none()).build()?;
        Ok(Self { follower, own, client, trouble })
    }

    async fn ask(&self, path: &str) -> Option<Answer> {
        let answers = {
            let kept = self.follower.kept();
            who_answers(&self.own, kept.leader(Timestamp::now()))
        };
        let (answer, trouble) = match answers {
            Answers::Own => (None, None),
            Answers::Nobody(reason) => (None, Some(reason)),
            Answers::Leader(page) => match self.fetch(&page, path).await {
                Ok(answer) => (Some(answer), None),
                Err(reason) => {
                    let advice = "`advertise` in the table `web` says where a runner is reached";
                    (
                        None,
                        Some(format!(
                            "the leading runner has it, and {page} does not answer: {reason}; {advice}"
                        )),
                    )
                }
            },
        };
        self.trouble.is(trouble);
        answer
    }

    async fn fetch(&self, page: &PageUrl, path: &str) -> Result<Answer, String> {
        let url = page.join(path).ok_or_else(|| "it has no such path".to_owned())?;
        let answer = self.client.get(url).header(SENT_ON, &self.own.runner).send().await;
        let mut answer = answer.map_err(|error| innermost(&error))?;
        let status = answer.status();
        if status.is_server_error() || status == StatusCode::MISDIRECTED_REQUEST {
            return Err(status.to_string());
        }
        let content_type = answer.headers().get(reqwest::header::CONTENT_TYPE).cloned();
        let mut body = bytes::BytesMut::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| innermost(&error))? {
            if body.len() + chunk.len() > MOST {
                return Err(format!("its answer has more than {MOST} bytes"));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status, content_type, body: body.freeze() })
    }
}

impl Elsewhere for Leader {
    fn answer(&self, path: String) -> BoxFuture<'_, Option<Answer>> {
        async move { self.ask(&path).await }.boxed()
    }
}

/// What an error comes from: those around it say where, which is known.
fn innermost(error: &reqwest::Error) -> String {
    let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    causes.last().map_or_else(|| error.to_string(), ToString::to_string)
}

/// Who answers, by who leads.
fn who_answers(own: &Own, leader: Option<(&str, &RunnerRecord)>) -> Answers {
    let Some((id, leader)) = leader else { return Answers::Own };
    let Serves { page, file: Some(file) } = &leader.serves else { return Answers::Own };
    let is_here = leader.host == own.machine;
    if id == own.runner || (is_here && own.file.as_ref() == Some(file)) {
        return Answers::Own;
    }
    let nobody = |why: &str| {
        Answers::Nobody(format!(
            "the leading runner has it, on {}, and {why}; or let all use one PostgreSQL database",
            leader.host
        ))
    };
    match page.as_deref().map(str::parse::<PageUrl>) {
        Some(Ok(page)) if !is_here && page.is_loopback() => nobody(
            "shows its page to that machine alone: let `listen` in its table `web` be an address that others reach",
        ),
        Some(Ok(page)) => Answers::Leader(page),
        Some(Err(_)) | None => nobody("has no page: let `listen` in its table `web` say where it is to be"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leads(machine: &str, page: Option<&str>, file: Option<&str>) -> RunnerRecord {
        let serves = Serves { page: page.map(str::to_owned), file: file.map(str::to_owned) };
        RunnerRecord { host: machine.to_owned(), started: Timestamp::MIN, cases: [].into(), serves }
    }

    fn answers(leader: Option<&RunnerRecord>) -> Answers {
        let own =
            Own { runner: "r-1".to_owned(), machine: "check-1".to_owned(), file: Some("/a.db".to_owned()) };
        who_answers(&own, leader.map(|leader| ("r-2", leader)))
    }

    #[test]
    fn a_runner_that_has_what_the_leader_has_answers_itself() {
        assert_eq!(answers(None), Answers::Own);
        let page = Some("http://127.0.0.1:9999");
        assert_eq!(answers(Some(&leads("check-1", page, Some("/a.db")))), Answers::Own);
        assert_eq!(answers(Some(&leads("check-2", page, None))), Answers::Own, "a server has it");
    }

    #[test]
    fn the_leader_is_asked_where_it_can_be_reached() {
        let url = |text: &str| Answers::Leader(text.parse().expect("a URL"));
        let loopback = leads("check-1", Some("http://127.0.0.1:9999"), Some("/b.db"));
        assert_eq!(answers(Some(&loopback)), url("http://127.0.0.1:9999"));
        let remote = leads("check-2", Some("http://check-2:9999"), Some("/a.db"));
        assert_eq!(answers(Some(&remote)), url("http://check-2:9999"));
    }

    #[test]
    fn a_leader_that_cannot_be_reached_is_named_with_what_to_do() {
        let why = |page| match answers(Some(&leads("check-2", page, Some("/a.db")))) {
            Answers::Nobody(why) => why,
            answers => panic!("{answers:?}"),
        };
        insta::assert_snapshot!(
            why(Some("http://127.0.0.1:9999")),
            @"the leading runner has it, on check-2, and shows its page to that machine alone: let `listen` in its table `web` be an address that others reach; or let all use one PostgreSQL database"
        );
        insta::assert_snapshot!(
            why(None),
            @"the leading runner has it, on check-2, and has no page: let `listen` in its table `web` say where it is to be; or let all use one PostgreSQL database"
        );
    }
}
