//! A runner of cases that are made when it starts: one for each region that a variable lists.

use anyhow::Context as _;
use livecheck::CaseBuilder;

livecheck::main!(; before = add_cases);

fn add_cases() -> livecheck::Result {
    let regions = std::env::var("TESTS_REGIONS").context("no regions are listed")?;
    for region in regions.split(',') {
        CaseBuilder::new(format!("refunds::{region}"))
            .docs("A refund is paid.")
            .argument::<u32>("amount")
            .run(|execution| async move {
                let amount: u32 = execution.argument_named("amount")?;
                assert!(amount > 0, "nothing is paid");
                Ok::<(), livecheck::Error>(())
            });
    }
    Ok(())
}
