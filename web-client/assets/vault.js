// The Web Worker's start: runs the page's own program, which sees where it runs and becomes the
// vault. The page says where the program is, because its name changes with its content, and hands
// over what it has compiled already.
addEventListener(
  'message',
  async ({ data: [script, compiled] }) => {
    try {
      const { default: init } = await import(script);
      await init({ module_or_path: compiled });
    } catch (error) {
      // A rejected promise alone would not reach the page.
      reportError(error);
    }
  },
  { once: true },
);
