// What is wrong with a schedule is said where it stands, with the nearest right name.
use livecheck::Signal;

#[livecheck::case(schedule = "0 25 * * *")]
async fn no_such_hour() {}

#[livecheck::case(schedule = "0 9 * * MON-FIR")]
async fn no_such_day() {}

#[livecheck::case(schedule = "0 9 * * * Europe/Berln")]
async fn no_such_zone_behind() {}

#[livecheck::case(schedule = "0 9 * * *", timezone = "Europe/Berln")]
async fn no_such_zone_beside() {}

#[livecheck::case(schedule = "0 0 9 * * MON")]
async fn seconds() {}

#[livecheck::case(schedule = "0 0 30 2 *")]
async fn never() {}

#[livecheck::case(schedule = "@hurly")]
async fn no_such_word() {}

#[livecheck::case(schedul = "0 9 * * *")]
async fn mistyped() {}

#[livecheck::case(schedule = "@hourly", every = "15m")]
async fn both() {}

#[livecheck::case(every = "15m", jitter = "15m")]
async fn too_much_jitter() {}

#[livecheck::case(every = "15m", timezone = "UTC", confirm = 11)]
async fn no_zone_here() {}

#[livecheck::case(jitter = "30s", timezone = "UTC", confirm = 2)]
async fn no_rule() {}

#[livecheck::case(every = "15m", frequency = "1m")]
async fn also_fake() {}

#[livecheck::case(every = "15m", confirm = 2)]
async fn parameters(side: u8, #[signal] cached: Signal) {
    let _ = (side, cached);
}

#[livecheck::case(tags("smoke", "two words"))]
async fn no_tag() {}

#[livecheck::case(tags("smoke", "smoke"))]
async fn tag_twice() {}

#[livecheck::case(tags = "smoke")]
async fn no_list() {}

fn main() {}
