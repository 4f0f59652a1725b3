struct Orders;

impl Orders {
    #[livecheck::case]
    async fn by_reference(&self) -> livecheck::Result {
        Ok(())
    }

    #[livecheck::case]
    async fn by_value(self, side: u8) -> livecheck::Result {
        let _ = side;
        Ok(())
    }

    // That this stands in an `impl` the attribute cannot see.
    #[livecheck::case]
    async fn without_self() {}
}

fn main() {}
