// What is evaluated in the page: finding elements by a locator's steps, and judging them. The functions
// are sent as text, so each may use nothing but those beside it.

/** Returns the elements that a locator's steps lead to, in the order of the document. */
function find(steps, root = document) {
  const plain = (text) => text.replace(/\s+/gu, ' ').trim();
  const fits = (text, wanted) =>
    wanted.source === undefined
      ? plain(text).toLowerCase().includes(plain(wanted.text).toLowerCase())
      : new RegExp(wanted.source, wanted.flags).test(text);
  const named = (element) => {
    const by = element.getAttribute('aria-labelledby');
    const labels = by ? by.split(/\s+/u).map((id) => document.getElementById(id)) : [...(element.labels ?? [])];
    const text = (of) => of?.textContent ?? '';
    return plain(element.getAttribute('aria-label') ?? (labels.map(text).join(' ') || text(element)));
  };
  const ROLES = { button: 'button, summary, [role="button"]', link: 'a[href], [role="link"]', listitem: 'li, [role="listitem"]' };
  let found = [root];
  for (const step of steps) {
    if (step.css !== undefined || step.role !== undefined) {
      const all = found.flatMap((from) => [...from.querySelectorAll(step.css ?? ROLES[step.role] ?? `[role="${step.role}"]`)]);
      found = [...new Set(all)];
      // What is hidden has no role.
      if (step.role !== undefined) found = found.filter((element) => element.checkVisibility());
      if (step.name !== undefined) found = found.filter((element) => fits(named(element), step.name));
    } else if (step.text !== undefined) {
      const all = found.flatMap((from) => [...from.querySelectorAll('*')]).filter((element) => fits(element.textContent, step.text));
      found = all.filter((element) => !all.some((other) => other !== element && element.contains(other)));
    } else if (step.hasText !== undefined) {
      found = found.filter((element) => fits(element.textContent, step.hasText));
    } else if (step.has !== undefined) {
      found = found.filter((element) => find(step.has, element).length > 0);
    } else if (step.or !== undefined) {
      const both = new Set([...found, ...find(step.or)]);
      found = [...both].sort((a, b) => (a.compareDocumentPosition(b) & Node.DOCUMENT_POSITION_FOLLOWING ? -1 : 1));
    } else if (step.nth !== undefined) {
      found = found.slice(step.nth, step.nth === -1 ? undefined : step.nth + 1);
    }
  }
  return found;
}

/** Whether a person could see the element somewhere in the page. */
function isShown(element) {
  const { width, height } = element.getBoundingClientRect();
  return width > 0 && height > 0 && getComputedStyle(element).visibility === 'visible';
}

/** Returns the only element, null if there is none yet, and throws if there are several. */
function only(steps) {
  const found = find(steps);
  if (found.length > 1) throw new Error(`strict: ${found.length} elements: ${found.map((it) => it.outerHTML.slice(0, 120)).join(' | ')}`);
  return found[0] ?? null;
}

/**
 * Waits until an element could be clicked: shown, enabled, at rest and not covered. Returns the place in
 * the window, or why it is none.
 */
async function target(steps, forHover) {
  const element = only(steps);
  if (!element) return { why: 'not there' };
  if (!isShown(element)) return { why: 'not visible' };
  if (!forHover && element.matches(':disabled')) return { why: 'disabled' };
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  const place = () => {
    const { x, y, width, height } = element.getBoundingClientRect();
    return { x: Math.round(x + width / 2), y: Math.round(y + height / 2), edges: [x, y, width, height].join() };
  };
  const inView = ({ x, y }) => x >= 0 && y >= 0 && x < innerWidth && y < innerHeight;
  if (!inView(place())) element.scrollIntoView({ block: 'center', inline: 'center', behavior: 'instant' });
  const before = place();
  await frame();
  await frame();
  const now = place();
  if (!element.isConnected || before.edges !== now.edges) return { why: 'moving' };
  const top = document.elementFromPoint(now.x, now.y);
  const hit = top && (element.contains(top) || top.closest('label')?.control === element);
  return hit ? { x: now.x, y: now.y } : { why: `covered by ${top?.outerHTML.slice(0, 120)}` };
}

/** Says whether what a matcher wants holds, and what there is. */
function judge(steps, matcher, [first, second]) {
  const plain = (text) => text.replace(/[\u200b\u00ad]/gu, '').replace(/\s+/gu, ' ').trim();
  const equals = (text, wanted) =>
    wanted.source === undefined ? plain(text) === plain(wanted.text) : new RegExp(wanted.source, wanted.flags).test(text);
  const contains = (text, wanted) => (wanted.source === undefined ? plain(text).includes(plain(wanted.text)) : equals(text, wanted));
  const exact = (text, wanted) => (wanted.source === undefined ? text === wanted.text : equals(text, wanted));
  if (matcher === 'toHaveCount') {
    const { length } = find(steps);
    return { holds: length === first, got: length };
  }
  const element = only(steps);
  if (matcher === 'toBeVisible') return { holds: element !== null && isShown(element), got: element ? 'there' : 'not there' };
  if (!element) return { holds: null, got: 'not there' };
  const answer = (got, holds) => ({ got, holds });
  switch (matcher) {
    case 'toHaveText':
      return answer(element.textContent, equals(element.textContent, first));
    case 'toContainText':
      return answer(element.textContent, contains(element.textContent, first));
    case 'toHaveValue':
      return answer(element.value, exact(element.value, first));
    case 'toHaveAttribute': {
      const value = element.getAttribute(first.text);
      return answer(value, value !== null && (second === undefined || exact(value, second)));
    }
    case 'toHaveClass':
      return answer(element.className, exact(element.className, first));
    case 'toHaveCSS': {
      const value = getComputedStyle(element).getPropertyValue(first.text);
      return answer(value, exact(value, second));
    }
    case 'toHaveJSProperty':
      return answer(element[first.text], element[first.text] === second);
    case 'toBeFocused':
      return answer(document.activeElement?.outerHTML.slice(0, 120), element === document.activeElement);
    case 'toBeEmpty': {
      const text = 'value' in element ? element.value : element.textContent.trim();
      return answer(text, text === '');
    }
    case 'toBeEnabled':
      return answer('', !element.matches(':disabled'));
    case 'toBeChecked':
      return answer('', element.checked);
    case 'toBeInViewport': {
      const { top, left, bottom, right } = visiblePart(element);
      return answer([top, left, bottom, right].join(), bottom > top && right > left);
    }
    default:
      throw new Error(`there is no matcher ${matcher}`);
  }
}

/** Returns the part of an element that its scrolling ancestors and the window let be seen. */
function visiblePart(element) {
  let { top, left, bottom, right } = element.getBoundingClientRect();
  const clip = (box) => {
    [top, left] = [Math.max(top, box.top), Math.max(left, box.left)];
    [bottom, right] = [Math.min(bottom, box.bottom), Math.min(right, box.right)];
  };
  for (let up = element.parentElement; up && up !== document.documentElement; up = up.parentElement) {
    if (getComputedStyle(up).overflow !== 'visible') clip(up.getBoundingClientRect());
  }
  clip({ top: 0, left: 0, bottom: innerHeight, right: innerWidth });
  return { top, left, bottom, right };
}

/** The functions, as a script begins with them. */
export const INJECTED = [find, isShown, only, target, visiblePart, judge].map(String).join('\n');
