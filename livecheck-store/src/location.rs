//! Where the store is.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::database::Settings;

/// Where the store is: a SQLite file, or a PostgreSQL database.
///
/// Its `Debug` and `Display` leave out what is secret in a URL.
///
/// ```
/// use livecheck_store::Location;
///
/// let file: Location = "sqlite:history.db".parse()?;
/// assert_eq!(file, Location::sqlite("history.db"));
/// let server: Location = "postgres://me:hush@db.example/livecheck?sslmode=disable".parse()?;
/// assert_eq!(server.to_string(), "postgres://me@db.example/livecheck");
/// assert_eq!("history.db".parse::<Location>()?, file);
/// assert!("mysql://db.example/livecheck".parse::<Location>().is_err());
/// # Ok::<(), livecheck_store::LocationError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Location(pub(crate) Place);

#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Place {
    Sqlite(PathBuf),
    Postgres(Box<Server>),
}

/// A PostgreSQL database.
#[derive(Clone)]
pub(crate) struct Server {
    url: String,
    pub(crate) settings: Settings,
}

impl PartialEq for Server {
    fn eq(&self, other: &Self) -> bool {
        self.url == other.url
    }
}

impl Eq for Server {}

/// A text that says of no store where it is. It is not repeated: there may be a secret in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{problem}; expected a file, as in sqlite:/var/lib/livecheck/history.db, or postgres://USER@HOST/DATABASE"
)]
pub struct LocationError {
    problem: String,
}

impl Location {
    /// A SQLite file.
    pub fn sqlite(file: impl Into<PathBuf>) -> Self {
        Self(Place::Sqlite(file.into()))
    }

    /// The file, if it is one.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        match &self.0 {
            Place::Sqlite(file) => Some(file),
            Place::Postgres(_) => None,
        }
    }

    /// The same, where a relative file starts from that folder.
    #[must_use]
    pub fn from_folder(self, folder: &Path) -> Self {
        match self.0 {
            Place::Sqlite(file) => Self::sqlite(folder.join(file)),
            place @ Place::Postgres(_) => Self(place),
        }
    }
}

impl FromStr for Location {
    type Err = LocationError;

    fn from_str(text: &str) -> Result<Self, LocationError> {
        let refused = |problem: String| Err(LocationError { problem });
        let text = text.trim();
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return match text.parse::<Settings>() {
                Ok(settings) => {
                    Ok(Self(Place::Postgres(Box::new(Server { url: text.to_owned(), settings }))))
                }
                Err(error) => refused(error.to_string()),
            };
        }
        let file = match text.split_once("://") {
            Some(("sqlite", file)) => file,
            Some((scheme, _)) => return refused(format!("`{scheme}` is no database that LiveCheck knows")),
            None => text.strip_prefix("sqlite:").unwrap_or(text),
        };
        match file {
            "" => refused("there is no name of a file".to_owned()),
            file => Ok(Self::sqlite(file)),
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = match &self.0 {
            Place::Sqlite(file) => return write!(f, "{}", file.display()),
            Place::Postgres(server) => &server.url,
        };
        // What follows `?` may hold a password, too.
        let shown = url.split(['?', '#']).next().unwrap_or_default();
        let (scheme, rest) = shown.split_once("://").unwrap_or(("postgres", shown));
        match rest.rsplit_once('@') {
            Some((user, server)) => {
                let user = user.split(':').next().unwrap_or_default();
                write!(f, "{scheme}://{user}@{server}")
            }
            None => write!(f, "{scheme}://{rest}"),
        }
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Location({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown_wherever_it_stands() {
        for url in [
            "postgres://me:hush@db:5432/checks",
            "postgresql://db/checks?user=me&password=hush",
            "postgres://me:hu%40hush@db/checks?password=hush#hush",
        ] {
            let location: Location = url.parse().expect("a URL");
            assert!(!format!("{location} {location:?}").contains("hush"), "{location}");
        }
        let refused = "postgres://me:hush@db:port/checks".parse::<Location>().expect_err("no port");
        assert!(!format!("{refused} {refused:?}").contains("hush"), "{refused}");
    }

    #[test]
    fn a_relative_file_starts_from_a_folder_and_a_server_does_not() {
        let file: Location = "sqlite:history.db".parse().expect("a file");
        assert_eq!(file.from_folder(Path::new("/var")).file(), Some(Path::new("/var/history.db")));
        let server: Location = "postgres://db/checks".parse().expect("a URL");
        assert_eq!(server.clone().from_folder(Path::new("/var")), server);
    }

    #[test]
    fn what_is_no_location_is_refused_with_what_is() {
        for text in ["", "sqlite:", "sqlite://", "mysql://db/checks"] {
            assert!(text.parse::<Location>().is_err(), "{text}");
        }
    }
}
