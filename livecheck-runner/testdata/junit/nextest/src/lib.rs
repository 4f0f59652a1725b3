//! Nothing: there are but tests.
