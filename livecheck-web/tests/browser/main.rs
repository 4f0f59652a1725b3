//! The page in a real Chromium: each view, news, errors, keys, narrow windows, and names that contain markup. And, without
//! one, requests as no browser sends them.
//!
//! What needs a browser runs where `LIVECHECK_TEST_CHROMEDRIVER` names a chromedriver (`.ci/run browser`); with
//! `LIVECHECK_TEST_SCREENSHOTS=DIR` they leave pictures there to look at, and with `LIVECHECK_TEST_AXE=$(ci/axe)` they ask
//! axe-core whether everybody can use each page.

mod chrome;
mod pages;
mod requests;
mod shop;
