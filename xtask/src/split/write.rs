//! Writes the two parts.

use std::collections::BTreeMap;
use std::io;

use wasm_encoder::reencode::{self, Reencode};
use wasm_encoder::{
    CodeSection, ConstExpr, ElementSection, Elements, EntityType, ExportKind, ExportSection,
    Function, FunctionSection, ImportSection, Instruction, Module, TableSection, TypeSection,
};
use wasmparser::{Export, Import};

use super::plan::Plan;
use super::program::{Parsed, Program};

/// The module name under which the later part imports from the first one.
const FIRST: &str = "page";

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

/// Writes the first part.
pub(super) fn first(
    program: &Program<'_>,
    plan: &Plan,
    names: &BTreeMap<String, String>,
) -> Parsed<Vec<u8>> {
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

/// Writes the later part.
pub(super) fn later(program: &Program<'_>, plan: &Plan) -> Parsed<Vec<u8>> {
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
