//! A runner of two cases that have one name.

mod north {
    #[livecheck::case(name = "shop::parcel")]
    async fn parcel() {}
}

mod south {
    #[livecheck::case(name = "shop::parcel")]
    async fn parcel() {}
}

livecheck::main!();
