//! The runner of this example, made as a team makes its own.

livecheck::main!(account_debts);
