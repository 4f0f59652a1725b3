//! The nearest right names to a wrong one.

/// At most this many are worth reading.
const MOST: usize = 3;

/// As far from the right name as a typing error is.
const LEAST_LIKE: f64 = 0.8;

/// Which of the `known` names were perhaps meant by `name`, the nearest first.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut candidates: Vec<(f64, &str)> = known
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(likeness, candidate)| *likeness >= LEAST_LIKE || candidate.contains(name))
        .collect();
    candidates.sort_by(|(a, x), (b, y)| b.total_cmp(a).then(x.cmp(y)));
    candidates.dedup_by_key(|(_, candidate)| *candidate);
    candidates.into_iter().take(MOST).map(|(_, candidate)| candidate.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typing_error_finds_the_right_name_and_nonsense_finds_none() {
        let known = ["orders", "payments", "order-service"];
        assert_eq!(nearest("order", known), ["orders", "order-service"]);
        assert_eq!(nearest("paymnets", known), ["payments"]);
        assert!(nearest("xyz", known).is_empty());
    }
}
