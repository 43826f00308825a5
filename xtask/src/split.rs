//! Divides the page's program in two: the first part has what a person needs to enter and to chat
//! over v2, the later part what they open afterwards. The page loads the later part by itself
//! (`web-client/src/later.rs`).
//!
//! Both parts share memory, globals and the table of functions. The first part has a stub for every
//! function of the later part that it refers to. A stub calls [`LOADER`], which returns at once if
//! the later part is there, and then the function itself by its slot in the table, where the later
//! part puts it when it is instantiated. The later part has no state of its own, so nothing is
//! harmed if it is instantiated twice.
//!
//! Functions are chosen by name, so that the same source is divided in the same way by everybody:
//! see [`is_later`]. What only they call goes with them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::io;

use wasm_encoder::reencode::{self, Reencode};
use wasm_encoder::{
    CodeSection, ConstExpr, ElementSection, Elements, EntityType, ExportKind, ExportSection,
    Function, FunctionSection, ImportSection, Instruction, Module, TableSection, TypeSection,
};
use wasmparser::{
    DataSectionReader, ElementItems, ElementKind, Export, ExternalKind, FuncType, FunctionBody,
    GlobalSectionReader, GlobalType, Import, KnownCustom, MemoryType, Name, Operator, Parser,
    Payload, TableType, TypeRef,
};

use crate::failure::{Failure, Result};

/// The export that loads the later part, unless it is there. Nothing that it calls may be in it.
const LOADER: &str = "load_later";
/// The module name under which the later part imports from the first one.
const FIRST: &str = "page";

/// The paths of the modules and functions that are in the later part: those of what a person opens
/// after entering, of v1, and of failures. A function is in the later part if its name contains one of
/// these as a whole path; `…` stands for any text.
const LATER: [&str; 44] = [
    // Panels, dialogs, screens.
    "web_client::components::blocked",
    "web_client::components::chart",
    "web_client::components::composer::forms",
    "web_client::components::console_admission",
    "web_client::components::console_rooms",
    "web_client::components::handshake",
    "web_client::components::identity",
    "web_client::components::member",
    "web_client::components::members",
    "web_client::components::new_room",
    "web_client::components::operator",
    "web_client::components::reaction_board",
    "web_client::components::room_settings",
    "web_client::components::search",
    "web_client::components::sure",
    "web_client::components::switcher::dialogs",
    "web_client::components::switcher::step",
    "web_client::components::table",
    "web_client::components::verify",
    "web_client::components::waiting",
    "web_client::hooks::recent_emoji",
    "web_client::engine::Engine>::compared",
    "web_client::engine::Engine>::remove_pin",
    "client::emoji",
    "client::formatting",
    "client::operating::Operating>::tell",
    "shared::chat::operator…serde_core::de",
    "list<shared::chat::operator",
    "shared::chat::search::fold",
    "shared::chat::search::pattern",
    // What a tab that was closed has left.
    "web_client::engine::memory::Record as serde_core::de::Deserialize",
    "web_client::engine::memory::Memory>::look_for_left",
    // The older protocol.
    "shared::v1::client",
    // Products of numbers that only RSA keys above 2048 bits have.
    "crypto_bigint::uint::mul::karatsuba…<64usize",
    "crypto_bigint::uint::mul::karatsuba…<128usize",
    "crypto_bigint::uint::mul::karatsuba…<256usize",
    // Texts for failures of the program itself.
    "core::fmt::Debug",
    "idb::error::Error as alloc::string::ToString",
    "der::error::ErrorKind as core::fmt::Display",
    "rsa::errors::Error as core::fmt::Display",
    // Parts of Yew that the page has no use for, but the compiler does not know that.
    "yew::virtual_dom::vraw::VRaw",
    "yew::virtual_dom::vsuspense::VSuspense",
    "yew::dom_bundle::bsuspense",
    "yew::dom_bundle::braw",
];
/// The bytes from which on the name of a function counts. wasm-opt merges functions of the same
/// code, which are small, and the name of one of them says nothing of its callers.
const TELLING: usize = 400;

/// Returns whether the name of a function says that it is in the later part.
fn is_later(name: &str) -> bool {
    let has = |path: &str| {
        name.match_indices(path).any(|(at, _)| {
            // Neither begins nor ends in the middle of a word.
            let before = name[..at].chars().next_back();
            let after = name[at + path.len()..].chars().next();
            !before.is_some_and(is_word) && !after.is_some_and(is_word)
        })
    };
    LATER.iter().any(|path| path.split('…').all(has))
}

fn is_word(it: char) -> bool {
    it.is_alphanumeric() || it == '_'
}

/// Returns a name without the numbers of the compiler for crates: `shared[8bc4122169b64584]::v1`.
fn plain(name: &str) -> String {
    let mut plain = String::with_capacity(name.len());
    for part in name.split('[') {
        match part.split_once(']') {
            Some((number, rest)) if number.bytes().all(|it| it.is_ascii_hexdigit()) => {
                plain.push_str(rest);
            }
            _ if plain.is_empty() => plain.push_str(part),
            _ => plain.extend(["[", part]),
        }
    }
    plain
}

/// A program in two parts.
pub(crate) struct Parts {
    pub(crate) first: Vec<u8>,
    pub(crate) later: Vec<u8>,
    /// The names by which script and program know each other, with what they are called now.
    names: BTreeMap<String, String>,
}

impl Parts {
    /// Returns the program's script, with the new names.
    pub(crate) fn rename(&self, script: &str) -> String {
        let mut renamed = String::with_capacity(script.len());
        // Turns of words and what is between them.
        for turn in script.split_inclusive(|it| !is_word(it) && it != '$') {
            let word = turn.trim_end_matches(|it| !is_word(it) && it != '$');
            renamed.push_str(self.names.get(word).map_or(word, String::as_str));
            renamed.push_str(&turn[word.len()..]);
        }
        renamed
    }
}

/// The length from which on a name between script and program is replaced. wasm-bindgen's names end
/// with a hash, which does not compress, twice.
const LONG_NAME: usize = 24;

/// Returns short names for the long ones by which script and program know each other.
fn short_names(program: &Program<'_>) -> BTreeMap<String, String> {
    let imports = program.imports.iter().map(|import| import.name);
    let exports = program.exports.iter().map(|export| export.name);
    let long = imports
        .chain(exports)
        .filter(|name| name.len() >= LONG_NAME);
    let long: BTreeSet<String> = long.map(str::to_owned).collect();
    // The script has no other names with a dollar sign.
    let short = (0..).map(|number| format!("${}", short_name(number)));
    long.into_iter().zip(short).collect()
}

/// Divides `program`, which must still have the names of its functions. Neither part has them.
pub(crate) fn split(program: &[u8]) -> Result<Parts> {
    let program = Program::parse(program).map_err(unreadable)?;
    let plan = Plan::new(&program)?;
    let names = short_names(&program);
    Ok(Parts {
        first: first(&program, &plan, &names).map_err(unreadable)?,
        later: later(&program, &plan).map_err(unreadable)?,
        names,
    })
}

fn unreadable(error: impl Display) -> Failure {
    Failure::new(format!("cannot divide the page's program: {error}"))
}

/// The sections of a program.
#[derive(Default)]
struct Program<'a> {
    types: Vec<FuncType>,
    imports: Vec<Import<'a>>,
    /// The type of each function, imported ones first.
    functions: Vec<u32>,
    tables: Vec<TableType>,
    memories: Vec<MemoryType>,
    globals: Option<GlobalSectionReader<'a>>,
    global_types: Vec<GlobalType>,
    exports: Vec<Export<'a>>,
    start: Option<u32>,
    /// The functions in the table, by slot.
    slots: BTreeMap<u32, u32>,
    table: u32,
    bodies: Vec<FunctionBody<'a>>,
    data: Option<DataSectionReader<'a>>,
    names: BTreeMap<u32, String>,
}

type Parsed<T> = std::result::Result<T, Box<dyn std::error::Error>>;

impl<'a> Program<'a> {
    fn parse(bytes: &'a [u8]) -> Parsed<Self> {
        let mut this = Self::default();
        for payload in Parser::new(0).parse_all(bytes) {
            match payload? {
                Payload::TypeSection(types) => {
                    for it in types.into_iter_err_on_gc_types() {
                        this.types.push(it?);
                    }
                }
                Payload::ImportSection(imports) => {
                    for import in imports.into_imports() {
                        let import = import?;
                        match import.ty {
                            TypeRef::Func(ty) => this.functions.push(ty),
                            _ => return Err("it imports something else than functions".into()),
                        }
                        this.imports.push(import);
                    }
                }
                Payload::FunctionSection(functions) => {
                    for ty in functions {
                        this.functions.push(ty?);
                    }
                }
                Payload::TableSection(tables) => {
                    for table in tables {
                        this.tables.push(table?.ty);
                    }
                }
                Payload::MemorySection(memories) => {
                    for memory in memories {
                        this.memories.push(memory?);
                    }
                }
                Payload::GlobalSection(globals) => {
                    this.globals = Some(globals.clone());
                    for global in globals {
                        this.global_types.push(global?.ty);
                    }
                }
                Payload::ExportSection(exports) => {
                    for export in exports {
                        this.exports.push(export?);
                    }
                }
                Payload::StartSection { func, .. } => this.start = Some(func),
                Payload::ElementSection(elements) => {
                    for element in elements {
                        this.element(element?)?;
                    }
                }
                Payload::CodeSectionEntry(body) => this.bodies.push(body),
                Payload::DataSection(data) => this.data = Some(data),
                Payload::CustomSection(custom) => {
                    if let KnownCustom::Name(sections) = custom.as_known() {
                        for section in sections {
                            if let Name::Function(names) = section? {
                                for naming in names {
                                    let naming = naming?;
                                    this.names.insert(naming.index, plain(naming.name));
                                }
                            }
                        }
                    }
                }
                Payload::Version { .. }
                | Payload::CodeSectionStart { .. }
                | Payload::DataCountSection { .. }
                | Payload::End(_) => {}
                other => return Err(format!("it has an unknown section: {other:?}").into()),
            }
        }
        Ok(this)
    }

    fn element(&mut self, element: wasmparser::Element<'a>) -> Parsed<()> {
        let ElementKind::Active {
            table_index,
            offset_expr,
        } = element.kind
        else {
            return Err("its table is not filled at the start".into());
        };
        let Operator::I32Const { value } = offset_expr.get_operators_reader().read()? else {
            return Err("its table begins at an unknown slot".into());
        };
        let ElementItems::Functions(functions) = element.items else {
            return Err("its table has something else than functions".into());
        };
        self.table = table_index.unwrap_or(0);
        for (slot, function) in (u32::try_from(value)?..).zip(functions) {
            self.slots.insert(slot, function?);
        }
        Ok(())
    }

    fn imported(&self) -> u32 {
        u32::try_from(self.imports.len()).unwrap_or(u32::MAX)
    }

    fn body(&self, function: u32) -> Option<&FunctionBody<'a>> {
        let defined = function.checked_sub(self.imported())?;
        self.bodies.get(defined as usize)
    }

    fn size(&self, function: u32) -> usize {
        self.body(function).map_or(0, |body| body.range().len())
    }

    /// Returns the functions that `function` calls by themselves, not through the table.
    fn calls(&self, function: u32) -> Parsed<Vec<u32>> {
        let mut calls = Vec::new();
        if let Some(body) = self.body(function) {
            for operator in body.get_operators_reader()? {
                match operator? {
                    Operator::Call { function_index }
                    | Operator::ReturnCall { function_index }
                    | Operator::RefFunc { function_index } => calls.push(function_index),
                    Operator::MemoryInit { .. } | Operator::DataDrop { .. } => {
                        return Err("it loads its data by itself".into());
                    }
                    _ => {}
                }
            }
        }
        Ok(calls)
    }
}

/// The part of each function.
struct Plan {
    /// The functions of the first part, without its stubs.
    kept: BTreeSet<u32>,
    moved: BTreeSet<u32>,
    /// The functions of the later part that the first one refers to: stubs.
    stubs: BTreeSet<u32>,
    /// The functions of the first part that the later one calls, with the names by which it imports
    /// them.
    shared: BTreeMap<u32, String>,
    /// The table's slots with their functions, with a new slot for every stub that had none.
    slots: BTreeMap<u32, u32>,
    loader: u32,
}

impl Plan {
    fn new(program: &Program<'_>) -> Result<Self> {
        let exported = |export: &&Export<'_>| export.kind == ExternalKind::Func;
        let loader = program
            .exports
            .iter()
            .filter(exported)
            .find(|export| export.name == LOADER)
            .ok_or_else(|| unreadable(format_args!("it has no function {LOADER}")))?
            .index;
        let all = 0..u32::try_from(program.functions.len()).unwrap_or(u32::MAX);
        let calls: Vec<Vec<u32>> = all
            .clone()
            .map(|function| program.calls(function))
            .collect::<Parsed<_>>()
            .map_err(unreadable)?;
        let name = |function: u32| program.names.get(&function).map_or("", String::as_str);
        let named: BTreeSet<u32> = all
            .clone()
            .filter(|it| program.size(*it) >= TELLING && is_later(name(*it)))
            .collect();
        let named_later = |function: &u32| named.contains(function);

        // Everything that can be reached without a function of the later part.
        let entries: BTreeSet<u32> = (program.exports.iter().filter(exported))
            .map(|export| export.index)
            .chain(program.start)
            .chain(program.slots.values().copied())
            .collect();
        let reach = |from: &mut dyn Iterator<Item = u32>| {
            let mut open: Vec<u32> = from.filter(|it| !named_later(it)).collect();
            let mut reached: BTreeSet<u32> = open.iter().copied().collect();
            while let Some(function) = open.pop() {
                for called in &calls[function as usize] {
                    if !named_later(called) && reached.insert(*called) {
                        open.push(*called);
                    }
                }
            }
            reached
        };
        let mut kept = reach(&mut entries.iter().copied());
        kept.extend(0..program.imported());
        let moved: BTreeSet<u32> = all.filter(|it| !kept.contains(it)).collect();
        if moved.is_empty() {
            return Err(unreadable("none of its functions is in the later part"));
        }
        let waits = reach(&mut [loader].into_iter())
            .iter()
            .flat_map(|it| &calls[*it as usize])
            .find(|it| moved.contains(it))
            .copied();
        if let Some(function) = waits.or_else(|| moved.get(&loader).copied()) {
            return Err(unreadable(format_args!(
                "{LOADER} would have to load {} first",
                name(function)
            )));
        }

        let called_by = |part: &BTreeSet<u32>, other: &BTreeSet<u32>| -> BTreeSet<u32> {
            let called = part.iter().flat_map(|it| calls[*it as usize].iter());
            called.filter(|it| other.contains(it)).copied().collect()
        };
        let mut stubs = called_by(&kept, &moved);
        stubs.extend(entries.intersection(&moved));
        let mut slots = program.slots.clone();
        let with_slot: BTreeSet<u32> = slots.values().copied().collect();
        let end = slots.last_key_value().map_or(1, |(slot, _)| slot + 1);
        slots.extend((end..).zip(stubs.difference(&with_slot).copied()));
        let shared = called_by(&moved, &kept);
        Ok(Self {
            shared: shared.into_iter().zip((0..).map(short_name)).collect(),
            kept,
            moved,
            stubs,
            slots,
            loader,
        })
    }
}

/// Returns a name for a number: the shortest ones first, because all are in the page's program.
fn short_name(mut number: u32) -> String {
    const DIGITS: &[u8; 63] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
    let mut name = String::new();
    loop {
        name.push(char::from(DIGITS[number as usize % DIGITS.len()]));
        number /= 63;
        if number == 0 {
            return name;
        }
    }
}

/// The names of what is no function, as the later part imports them.
const MEMORY: &str = "memory.0";

fn table_name(table: u32) -> String {
    format!("table.{table}")
}

fn global_name(global: u32) -> String {
    format!("global.{global}")
}

/// Writes functions with the numbers that things have in one part.
struct Renumbered {
    functions: BTreeMap<u32, u32>,
    /// `None` where types and globals keep their numbers, too.
    others: Option<Others>,
}

/// The types and globals of a part, numbered as they turn up.
#[derive(Default)]
struct Others {
    types: Vec<u32>,
    globals: Vec<u32>,
}

fn number(seen: &mut Vec<u32>, it: u32) -> u32 {
    let place = seen.iter().position(|seen| *seen == it);
    u32::try_from(place.unwrap_or_else(|| {
        seen.push(it);
        seen.len() - 1
    }))
    .unwrap_or(u32::MAX)
}

impl Reencode for Renumbered {
    type Error = io::Error;

    fn function_index(&mut self, it: u32) -> std::result::Result<u32, reencode::Error<io::Error>> {
        let missing =
            || reencode::Error::UserError(io::Error::other(format!("function {it} is in no part")));
        self.functions.get(&it).copied().ok_or_else(missing)
    }

    fn type_index(&mut self, it: u32) -> std::result::Result<u32, reencode::Error<io::Error>> {
        Ok(match &mut self.others {
            Some(others) => number(&mut others.types, it),
            None => it,
        })
    }

    fn global_index(&mut self, it: u32) -> std::result::Result<u32, reencode::Error<io::Error>> {
        Ok(match &mut self.others {
            Some(others) => number(&mut others.globals, it),
            None => it,
        })
    }
}

fn renamed<'a>(names: &'a BTreeMap<String, String>, name: &'a str) -> &'a str {
    names.get(name).map_or(name, String::as_str)
}

fn first(program: &Program<'_>, plan: &Plan, names: &BTreeMap<String, String>) -> Parsed<Vec<u8>> {
    // Stubs are alike, and compress best beside each other.
    let order = plan.kept.iter().chain(&plan.stubs).copied();
    let mut renumber = Renumbered {
        functions: order.zip(0..).collect(),
        others: None,
    };
    let mut types = TypeSection::new();
    for ty in &program.types {
        types.ty().func_type(&renumber.func_type(ty.clone())?);
    }
    let mut imports = ImportSection::new();
    for import in &program.imports {
        let name = renamed(names, import.name);
        renumber.parse_import(&mut imports, Import { name, ..*import })?;
    }
    let mut functions = FunctionSection::new();
    let mut code = CodeSection::new();
    for function in plan.kept.iter().copied() {
        if let Some(body) = program.body(function) {
            functions.function(program.functions[function as usize]);
            renumber.parse_function_body(&mut code, body.clone())?;
        }
    }
    let slot_of: BTreeMap<u32, u32> = plan.slots.iter().map(|(slot, it)| (*it, *slot)).collect();
    for function in plan.stubs.iter().copied() {
        let ty = program.functions[function as usize];
        functions.function(ty);
        let mut stub = Function::new([]);
        stub.instruction(&Instruction::Call(renumber.function_index(plan.loader)?));
        for (argument, _) in (0..).zip(program.types[ty as usize].params()) {
            stub.instruction(&Instruction::LocalGet(argument));
        }
        stub.instruction(&Instruction::I32Const(i32::try_from(slot_of[&function])?));
        stub.instruction(&Instruction::CallIndirect {
            type_index: ty,
            table_index: program.table,
        });
        stub.instruction(&Instruction::End);
        code.function(&stub);
    }
    let mut tables = TableSection::new();
    for (index, table) in (0..).zip(&program.tables) {
        let mut table = renumber.table_type(*table)?;
        let end = plan.slots.last_key_value().map_or(0, |(slot, _)| slot + 1);
        if index == program.table {
            table.minimum = table.minimum.max(end.into());
            table.maximum = table.maximum.map(|maximum| maximum.max(end.into()));
        }
        tables.table(table);
    }
    let mut memories = wasm_encoder::MemorySection::new();
    for memory in &program.memories {
        memories.memory(renumber.memory_type(*memory)?);
    }
    let mut globals = wasm_encoder::GlobalSection::new();
    if let Some(section) = program.globals.clone() {
        renumber.parse_global_section(&mut globals, section)?;
    }
    let mut exports = ExportSection::new();
    for export in &program.exports {
        let name = renamed(names, export.name);
        renumber.parse_export(&mut exports, Export { name, ..*export })?;
    }
    exports.export(MEMORY, ExportKind::Memory, 0);
    for (index, _) in (0..).zip(&program.tables) {
        exports.export(&table_name(index), ExportKind::Table, index);
    }
    for (index, _) in (0..).zip(&program.global_types) {
        exports.export(&global_name(index), ExportKind::Global, index);
    }
    for (function, name) in &plan.shared {
        exports.export(name, ExportKind::Func, renumber.function_index(*function)?);
    }
    let mut elements = ElementSection::new();
    fill(&mut elements, program.table, &plan.slots, &mut renumber)?;

    let mut module = Module::new();
    module
        .section(&types)
        .section(&imports)
        .section(&functions)
        .section(&tables)
        .section(&memories)
        .section(&globals)
        .section(&exports);
    if let Some(start) = program.start {
        module.section(&wasm_encoder::StartSection {
            function_index: renumber.function_index(start)?,
        });
    }
    module.section(&elements).section(&code);
    if let Some(section) = program.data.clone() {
        let mut data = wasm_encoder::DataSection::new();
        renumber.parse_data_section(&mut data, section)?;
        module.section(&data);
    }
    Ok(module.finish())
}

fn later(program: &Program<'_>, plan: &Plan) -> Parsed<Vec<u8>> {
    let order = plan.shared.keys().chain(&plan.moved).copied();
    let mut renumber = Renumbered {
        functions: order.zip(0..).collect(),
        others: Some(Others::default()),
    };
    let mut functions = FunctionSection::new();
    let mut code = CodeSection::new();
    for function in &plan.moved {
        functions.function(renumber.type_index(program.functions[*function as usize])?);
        if let Some(body) = program.body(*function) {
            renumber.parse_function_body(&mut code, body.clone())?;
        }
    }
    let mut imports = ImportSection::new();
    for (function, name) in &plan.shared {
        let ty = renumber.type_index(program.functions[*function as usize])?;
        imports.import(FIRST, name, EntityType::Function(ty));
    }
    for memory in &program.memories {
        imports.import(FIRST, MEMORY, renumber.memory_type(*memory)?);
    }
    for (index, table) in (0..).zip(&program.tables) {
        let mut table = renumber.table_type(*table)?;
        // The first part's table has at least the least size, and may have more.
        table.maximum = None;
        imports.import(FIRST, &table_name(index), table);
    }
    let Some(Others { types, globals }) = renumber.others.take() else {
        return Err("there are no numbers".into());
    };
    for global in globals {
        let ty = renumber.global_type(program.global_types[global as usize])?;
        imports.import(FIRST, &global_name(global), ty);
    }
    let mut elements = ElementSection::new();
    let moved = plan.slots.iter().filter(|(_, it)| plan.moved.contains(it));
    let moved = moved.map(|(slot, it)| (*slot, *it)).collect();
    fill(&mut elements, program.table, &moved, &mut renumber)?;
    let mut used = TypeSection::new();
    for ty in types {
        let ty = renumber.func_type(program.types[ty as usize].clone())?;
        used.ty().func_type(&ty);
    }
    let mut module = Module::new();
    module
        .section(&used)
        .section(&imports)
        .section(&functions)
        .section(&elements)
        .section(&code);
    Ok(module.finish())
}

/// Writes functions into the table, those of neighbouring slots together.
fn fill(
    elements: &mut ElementSection,
    table: u32,
    slots: &BTreeMap<u32, u32>,
    renumber: &mut Renumbered,
) -> Parsed<()> {
    let mut runs: Vec<(u32, Vec<u32>)> = Vec::new();
    for (slot, function) in slots {
        let function = renumber.function_index(*function)?;
        match runs.last_mut() {
            Some((start, run)) if *start as usize + run.len() == *slot as usize => {
                run.push(function);
            }
            _ => runs.push((*slot, vec![function])),
        }
    }
    for (start, run) in runs {
        elements.active(
            (table > 0).then_some(table),
            &ConstExpr::i32_const(i32::try_from(start)?),
            Elements::Functions(run.into()),
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_compiler_lose_the_numbers_of_crates() {
        assert_eq!(
            plain("<client[f0c307c1a2a89f6e]::Chat>::hear::<[u8; 4]>"),
            "<client::Chat>::hear::<[u8; 4]>"
        );
    }

    #[test]
    fn only_whole_paths_are_in_the_later_part() {
        let later = "<yew::Scope<web_client::components::member::MemberRow>>::view";
        assert!(is_later(later));
        assert!(!is_later("web_client::components::membership::view"));
        assert!(is_later(
            "crypto_bigint::uint::mul::karatsuba::reduce::<64usize>"
        ));
        assert!(!is_later(
            "crypto_bigint::uint::mul::karatsuba::reduce::<32usize>"
        ));
    }

    #[test]
    fn short_names_differ() {
        let names: BTreeSet<String> = (0..10_000).map(short_name).collect();
        assert_eq!(names.len(), 10_000);
        assert!(names.iter().all(|name| name.chars().all(is_word)));
    }

    #[test]
    fn what_is_no_program_is_refused() {
        assert!(split(b"text").is_err());
        assert!(split(b"\0asm\x01\0\0\0").is_err());
    }

    #[test]
    fn a_script_gets_the_new_names_as_whole_words() {
        let parts = Parts {
            first: Vec::new(),
            later: Vec::new(),
            names: [("long_name".to_owned(), "$a".to_owned())].into(),
        };
        let script = "wasm.long_name(1); $long_name; long_name_2 = { long_name: 1 };";
        let renamed = "wasm.$a(1); $long_name; long_name_2 = { $a: 1 };";
        assert_eq!(parts.rename(script), renamed);
    }
}
