//! A table with columns that order its rows, a search, and a row's tools below it.

use yew::prelude::*;

use super::callbacks::set;
use super::field::{Field, field};
use super::icons::{Icon, icon};
use super::text;
use crate::state::table::{Cell, Order};

/// The most rows in the document at first, and with every press of "Show more": a server may have
/// thousands, and the search finds the others.
const SHOWN: usize = 50;

/// The fewest rows with which a search is of use.
const SEARCHED: usize = 6;

/// A column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// The header.
    pub label: &'static str,
    /// Its cells are numbers, which stand at the right.
    pub numeric: bool,
}

impl Column {
    /// Returns a column of texts.
    pub const fn text(label: &'static str) -> Self {
        Self {
            label,
            numeric: false,
        }
    }

    /// Returns a column of numbers.
    pub const fn number(label: &'static str) -> Self {
        Self {
            label,
            numeric: true,
        }
    }
}

/// A row.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The row's identity in the table.
    pub key: String,
    /// The name of what the row is about, for its `data-name` and for screen readers.
    pub name: String,
    /// A cell for each column.
    pub cells: Vec<Cell>,
}

/// Props of [`Table`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct TableProps {
    /// The test id of each row; those of the other parts begin with it.
    pub id: &'static str,
    /// The id of the search field.
    pub search: &'static str,
    /// The noun for a row: `connection`.
    pub thing: &'static str,
    /// The columns.
    pub columns: &'static [Column],
    /// The rows, in the server's order.
    pub rows: Vec<Row>,
    /// The text in the place of no rows.
    pub empty: &'static str,
    /// Makes the tools of the row with this key.
    pub tools: Callback<String, Html>,
    /// The tools are so few that they stand in the row; otherwise a button shows them below it.
    #[prop_or_default]
    pub inline: bool,
}

/// Returns the callback that makes the tools of the entry of `all` with a key. `tools` gets `to`, which
/// takes the entry's requests.
pub fn tools_of<T: 'static, C: Clone + 'static>(
    all: Vec<T>,
    key: fn(&T) -> String,
    to: &C,
    tools: fn(&T, &C) -> Html,
) -> Callback<String, Html> {
    let to = to.clone();
    Callback::from(move |wanted: String| {
        let entry = all.iter().find(|entry| key(entry) == wanted);
        entry.map(|entry| tools(entry, &to)).unwrap_or_default()
    })
}

/// A table.
#[component(Table)]
pub fn table(props: &TableProps) -> Html {
    let TableProps { columns, rows, .. } = props;
    let order = use_state(|| Order {
        column: 0,
        descending: false,
    });
    let find = use_state(String::new);
    let shown = use_state(|| SHOWN);
    let open = use_state(|| None::<String>);
    let chosen = order.choose(rows.iter().map(|row| row.cells.as_slice()), &find);
    let body = chosen.iter().take(*shown).filter_map(|at| rows.get(*at));
    let left = chosen.len().saturating_sub(*shown);
    let more = {
        let shown = shown.clone();
        Callback::from(move |_: MouseEvent| shown.set(*shown + SHOWN))
    };
    html! {
        <>
            <h3>{ text::count(rows.len() as u64, props.thing) }</h3>
            if rows.len() >= SEARCHED || !find.is_empty() {
                { field(Field {
                    id: props.search,
                    label: "Search",
                    value: (*find).clone().into(),
                    on_input: set(&find),
                    ..Field::default()
                }) }
            }
            if rows.is_empty() {
                <p class="console-note">{ props.empty }</p>
            } else if chosen.is_empty() {
                <p class="console-note" role="status">{ "None fits the search." }</p>
            } else {
                <div class="table-frame" tabindex="0" role="group" aria-label={format!("Table: {}s", props.thing)}>
                    <table class="table">
                        <thead><tr>
                            { for columns.iter().enumerate().map(|(at, column)| header(at, *column, &order)) }
                            <td></td>
                        </tr></thead>
                        { body.map(|row| row_view(row, props, &open)).collect::<Html>() }
                    </table>
                </div>
            }
            if left > 0 {
                <p class="console-buttons">
                    <button type="button" class="button" onclick={more}>{ "Show more" }</button>
                    <span class="console-note">{ text::count(left as u64, "other") }</span>
                </p>
            }
        </>
    }
}

fn header(at: usize, column: Column, order: &UseStateHandle<Order>) -> Html {
    let sort = match **order {
        Order { column, descending } if column == at && descending => "descending",
        Order { column, .. } if column == at => "ascending",
        _ => "none",
    };
    let arrow = match sort {
        "ascending" => Some(Icon::Up),
        "descending" => Some(Icon::Down),
        _ => None,
    };
    let onclick = {
        let order = order.clone();
        Callback::from(move |_: MouseEvent| order.set(order.press(at, column.numeric)))
    };
    html! {
        <th scope="col" aria-sort={sort} class={column.numeric.then_some("number")}>
            <button type="button" class="link" {onclick}>
                { column.label }
                if let Some(arrow) = arrow {
                    { icon(arrow) }
                }
            </button>
        </th>
    }
}

fn row_view(row: &Row, props: &TableProps, open: &UseStateHandle<Option<String>>) -> Html {
    let is_open = open.as_ref() == Some(&row.key);
    let cells = row.cells.iter().zip(props.columns).enumerate();
    let cells = cells.map(|(at, (cell, column))| {
        let shown = cell.shown();
        if at == 0 {
            html! { <th scope="row">{ shown }</th> }
        } else {
            html! { <td class={column.numeric.then_some("number")}>{ shown }</td> }
        }
    });
    let onclick = {
        let (open, key) = (open.clone(), row.key.clone());
        Callback::from(move |_: MouseEvent| open.set((!is_open).then(|| key.clone())))
    };
    html! {
        // A body of its own: the row and its tools have one key.
        <tbody key={row.key.clone()}>
            <tr data-testid={props.id} data-name={row.name.clone()}>
                { for cells }
                <td class="number">
                    if props.inline {
                        { props.tools.emit(row.key.clone()) }
                    } else {
                        <button
                            type="button"
                            class="button button-icon"
                            data-testid="row-tools"
                            aria-expanded={is_open.to_string()}
                            aria-label={format!("Manage {}", row.name)}
                            title="Manage"
                            {onclick}
                        >
                            { icon(Icon::More) }
                        </button>
                    }
                </td>
            </tr>
            if is_open && !props.inline {
                <tr class="row-tools" data-testid={format!("{}-tools", props.id)} data-name={row.name.clone()}>
                    <td colspan={(props.columns.len() + 1).to_string()}>{ props.tools.emit(row.key.clone()) }</td>
                </tr>
            }
        </tbody>
    }
}
