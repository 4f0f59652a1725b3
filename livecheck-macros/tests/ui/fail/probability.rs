#[livecheck::case(probability = 1.5)]
async fn too_large() {}

#[livecheck::case(probability = -0.5)]
async fn negative() {}

#[livecheck::case(probability = "150%")]
async fn too_many_per_cent() {}

#[livecheck::case(probability = "0.5")]
async fn a_text_without_per_cent() {}

#[livecheck::case(probability = HALF)]
async fn a_constant() {}

fn main() {}
