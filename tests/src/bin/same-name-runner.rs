//! A runner of two cases that have one name.

use std::process::ExitCode;

mod north {
    #[livecheck::case(name = "shop::parcel")]
    async fn parcel() {}
}

mod south {
    #[livecheck::case(name = "shop::parcel")]
    async fn parcel() {}
}

fn main() -> ExitCode {
    livecheck::runner::main()
}
