//! The undivided program, read into its sections.

use std::collections::BTreeMap;

use wasmparser::{
    DataSectionReader, ElementItems, ElementKind, Export, FuncType, FunctionBody,
    GlobalSectionReader, GlobalType, Import, KnownCustom, MemoryType, Name, Operator, Parser,
    Payload, TableType, TypeRef,
};

use super::names::plain;

/// The sections of a program.
#[derive(Default)]
pub(super) struct Program<'a> {
    pub(super) types: Vec<FuncType>,
    pub(super) imports: Vec<Import<'a>>,
    /// The type of each function, imported ones first.
    pub(super) functions: Vec<u32>,
    pub(super) tables: Vec<TableType>,
    pub(super) memories: Vec<MemoryType>,
    pub(super) globals: Option<GlobalSectionReader<'a>>,
    pub(super) global_types: Vec<GlobalType>,
    pub(super) exports: Vec<Export<'a>>,
    pub(super) start: Option<u32>,
    /// The functions in the table, by slot.
    pub(super) slots: BTreeMap<u32, u32>,
    pub(super) table: u32,
    pub(super) bodies: Vec<FunctionBody<'a>>,
    pub(super) data: Option<DataSectionReader<'a>>,
    pub(super) names: BTreeMap<u32, String>,
}

pub(super) type Parsed<T> = std::result::Result<T, Box<dyn std::error::Error>>;

impl<'a> Program<'a> {
    pub(super) fn parse(bytes: &'a [u8]) -> Parsed<Self> {
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

    pub(super) fn element(&mut self, element: wasmparser::Element<'a>) -> Parsed<()> {
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

    pub(super) fn imported(&self) -> u32 {
        u32::try_from(self.imports.len()).unwrap_or(u32::MAX)
    }

    pub(super) fn body(&self, function: u32) -> Option<&FunctionBody<'a>> {
        let defined = function.checked_sub(self.imported())?;
        self.bodies.get(defined as usize)
    }

    pub(super) fn size(&self, function: u32) -> usize {
        self.body(function).map_or(0, |body| body.range().len())
    }

    /// Returns the functions that `function` calls by themselves, not through the table.
    pub(super) fn calls(&self, function: u32) -> Parsed<Vec<u32>> {
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
