//! How to break the system, to see what LiveCheck says.

/// A step that goes wrong: `--break` of every service, or the variable `STOCK_ORDERS_BREAK` for all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Fault {
    /// order-web stores every order with the opposite side. The case ends as FAIL
    WrongSide,
    /// order-creator says that it has cached the order, and has not. The case ends as FAIL
    SkipCache,
    /// The cache is down, and order-creator goes on without it. The case ends as ERROR
    CacheDown,
    /// order-executor forgets every order. The case ends as TIMEOUT
    DropExecution,
    /// order-executor is slower than it has promised to be. The case ends as TIMEOUT
    SlowExecution,
}
