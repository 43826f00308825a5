//! Sorting by code that is there once.
//!
//! The standard library's is compiled anew for every type and every order, to some KiB of the page
//! each. Here only places are sorted, and the items are moved to them: for lists that a person sees
//! it makes no difference in time.

use std::cmp::Ordering;

/// Sorts as [`slice::sort_by`] does: what compares alike stays in its order.
pub fn sort_by<T>(items: &mut Vec<T>, compare: impl Fn(&T, &T) -> Ordering) {
    let order = order(items.len(), &|a, b| compare(&items[a], &items[b]));
    let mut unsorted: Vec<_> = items.drain(..).map(Some).collect();
    items.extend(order.into_iter().filter_map(|at| unsorted[at].take()));
}

/// Sorts as [`slice::sort_by_cached_key`] does, with one key made for each item.
pub fn sort_by_cached_key<T, K: Ord>(items: &mut Vec<T>, key: impl Fn(&T) -> K) {
    let keys: Vec<K> = items.iter().map(key).collect();
    let order = order(items.len(), &|a, b| keys[a].cmp(&keys[b]));
    let mut unsorted: Vec<_> = items.drain(..).map(Some).collect();
    items.extend(order.into_iter().filter_map(|at| unsorted[at].take()));
}

fn order(count: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by(|a, b| compare(*a, *b));
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorts_as_the_standard_library_does() {
        for count in [0, 1, 2, 3, 50] {
            let items: Vec<(usize, usize)> = (0..count).map(|at| (at * 7 % 5, at)).collect();
            let mut expected = items.clone();
            expected.sort_by_key(|it| it.0);
            let mut sorted = items.clone();
            sort_by(&mut sorted, |a, b| a.0.cmp(&b.0));
            assert_eq!(sorted, expected);
            let mut sorted = items;
            sort_by_cached_key(&mut sorted, |it| it.0);
            assert_eq!(sorted, expected);
        }
    }
}
