//! One suite for both databases: SQLite in a temporary folder, and a real PostgreSQL where `LIVECHECK_TEST_POSTGRES` has
//! its URL (`ci/postgres start` prints one).

mod damage;
mod pages;
mod place;
mod retention;
mod sample;
mod summaries;
mod tls;
mod versions;
mod writing;

/// Each test as two: of a SQLite file, and of a PostgreSQL schema.
macro_rules! on_both {
    ($($(#[$attribute:meta])* fn $name:ident($place:ident: &Place) $body:block)*) => {
        $(fn $name($place: &crate::place::Place) $body)*

        mod sqlite {
            $(#[test] $(#[$attribute])* fn $name() { super::$name(&crate::place::Place::sqlite()); })*
        }

        mod postgres {
            $(#[test] $(#[$attribute])* fn $name() {
                if let Some(place) = crate::place::Place::postgres() {
                    super::$name(&place);
                }
            })*
        }
    };
}
use on_both;
