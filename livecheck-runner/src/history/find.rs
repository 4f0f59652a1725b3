//! Which case is meant by what somebody types.

use livecheck_core::CaseName;

/// No case is meant, or several may be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FindError {
    #[error("there is no report on a case `{name}`")]
    None { name: String, nearest: Option<CaseName> },
    #[error("`{name}` may be any of {}", .cases.iter().map(CaseName::as_str).collect::<Vec<_>>().join(", "))]
    Several { name: String, cases: Vec<CaseName> },
}

/// The case of that name; else the one whose last part it is; else the one that has it in its name.
pub(crate) fn find_case(all: &[CaseName], name: &str) -> Result<CaseName, FindError> {
    let last = |case: &&CaseName| {
        let case = case.as_str();
        case.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with([':', '.']))
    };
    let exact: Vec<_> = all.iter().filter(|case| case.as_str() == name).collect();
    let lasts: Vec<_> = all.iter().filter(last).collect();
    let within: Vec<_> = all.iter().filter(|case| case.as_str().contains(name)).collect();
    let found = [exact, lasts, within].into_iter().find(|found| !found.is_empty()).unwrap_or_default();
    match found.as_slice() {
        [case] => Ok((*case).clone()),
        [] => {
            let distance = |case: &&CaseName| {
                let last = case.as_str().rsplit([':', '.']).next().unwrap_or_default();
                strsim::levenshtein(last, name)
            };
            let nearest = all.iter().min_by_key(distance).filter(|case| distance(case) <= 3).cloned();
            Err(FindError::None { name: name.to_owned(), nearest })
        }
        several => {
            let cases = several.iter().map(|case| (*case).clone()).collect();
            Err(FindError::Several { name: name.to_owned(), cases })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_is_found_by_its_name_its_last_part_or_what_only_it_has() {
        let all: Vec<CaseName> =
            ["orders::flow", "orders::cash_flow", "payments.Refund"].map(Into::into).into();
        let find = |name: &str| find_case(&all, name).map(|case| case.to_string());
        assert_eq!(find("orders::flow").as_deref(), Ok("orders::flow"));
        assert_eq!(find("flow").as_deref(), Ok("orders::flow"));
        assert_eq!(find("cash").as_deref(), Ok("orders::cash_flow"));
        assert_eq!(find("Refund").as_deref(), Ok("payments.Refund"));
        assert!(matches!(find("orders"), Err(FindError::Several { cases, .. }) if cases.len() == 2));
        let unknown = find("flwo").expect_err("it is misspelt");
        assert_eq!(
            unknown,
            FindError::None { name: "flwo".to_owned(), nearest: Some("orders::flow".into()) }
        );
    }
}
