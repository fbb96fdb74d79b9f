import type { Panel, Row } from './model.js';
import type { PanelDraft } from './panels.js';

/** Panels that belong together, in reading order. */
export interface Section {
  /** The heading; none for the panels at the top. */
  readonly title?: string;
  /** Whether the panels are hidden until somebody asks for them. @default false */
  readonly collapsed?: boolean;
  readonly panels: readonly PanelDraft[];
}

/** Columns of Grafana's grid. */
const COLUMNS = 24;

/** Gives each panel a number and a place: from left to right, and into the next line where there is no room. */
export function arrange(sections: readonly Section[]): (Panel | Row)[] {
  let id = 0;
  let y = 0;

  const place = (drafts: readonly PanelDraft[]): Panel[] => {
    let x = 0;
    let lineHeight = 0;
    const panels = drafts.map(({ width, height, ...panel }): Panel => {
      if (x + width > COLUMNS) {
        y += lineHeight;
        x = 0;
        lineHeight = 0;
      }
      const gridPos = { x, y, w: width, h: height };
      x += width;
      lineHeight = Math.max(lineHeight, height);
      return { id: ++id, ...panel, gridPos };
    });
    y += lineHeight;
    return panels;
  };

  return sections.flatMap(({ title, collapsed = false, panels }): (Panel | Row)[] => {
    if (title === undefined) return place(panels);
    const row = {
      type: 'row' as const,
      id: ++id,
      title,
      collapsed,
      gridPos: { x: 0, y: y++, w: COLUMNS, h: 1 },
    };
    const placed = place(panels);
    return collapsed ? [{ ...row, panels: placed }] : [{ ...row, panels: [] }, ...placed];
  });
}
