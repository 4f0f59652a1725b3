#[livecheck::case]
async unsafe fn is_unsafe() {}

#[livecheck::case]
async extern "C" fn is_extern() {}

#[livecheck::case]
const async fn is_const() {}

#[livecheck::case]
async fn is_variadic(side: u8, _: ...) {
    let _ = side;
}

fn main() {}
