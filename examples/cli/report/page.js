// Draws the page from its data. Names are anybody's text: they enter the page as text nodes, and charts escaped.
'use strict';

addEventListener('error', event => {
  const fault = document.getElementById('fault');
  fault.textContent = `This page could not be drawn: ${event.message}`;
  fault.hidden = false;
});

const data = JSON.parse(document.getElementById('data').textContent);
const charts = [];  // {element, make}: drawn again when colours or width change

// ---- elements

function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

// The line of a run as the charts draw it, for the table.
function key(style) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('viewBox', '0 0 32 16');
  svg.setAttribute('class', 'key');
  svg.setAttribute('aria-hidden', 'true');
  const line = document.createElementNS(svg.namespaceURI, 'path');
  line.setAttribute('d', 'M0 8H32');
  line.setAttribute('style', `stroke: var(${style.colour}); stroke-width: 4; stroke-dasharray: ${style.keyDash}`);
  svg.append(line);
  return svg;
}

// Text that may be broken after "_" and "." (names of rules and fields), copied without a trace of it.
const breakable = text => text.split(/(?<=[_.])/).flatMap((part, i) => i ? [el('wbr'), part] : [part]);

function table(caption, columns, rowHeader = () => []) {
  const rows = columns[0].cells.map((_, i) => el('tr', {}, ...columns.map((column, j) => {
    const kind = column.title === 'state' ? 'state' : column.numeric ? 'number' : '';
    return j === 0 ? el('th', {scope: 'row'}, ...rowHeader(i), ...breakable(column.cells[i]))
      : el('td', {class: kind}, ...(column.numeric ? [column.cells[i]] : breakable(column.cells[i])));
  })));
  const head = columns.map(column => el('th', {scope: 'col', class: column.numeric ? 'number' : ''},
    ...breakable(column.title)));
  return el('div', {class: 'wide', tabindex: '0', role: 'region', 'aria-label': caption}, el('table', {},
    el('caption', {}, caption), el('thead', {}, el('tr', {}, ...head)), el('tbody', {}, ...rows)));
}

// ---- charts

const css = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const escaped = text => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
const rgb = hex => hex.match(/[^#]{2}/g).map(part => parseInt(part, 16));
const faded = (hex, alpha) => `rgba(${rgb(hex)}, ${alpha})`;

// Colour by rule; a dashed line for another rule in the last layer; a mark for each run that shares both.
function styles(runs) {
  const seen = {};
  return runs.map(run => {
    const name = `--${run.rule}`;
    const shared = `${run.rule} ${run.last_rule}`;
    seen[shared] = (seen[shared] ?? -1) + 1;
    return {
      colour: /^--[A-Z_]+$/.test(name) && css(name) ? name : '--another-rule',
      dash: run.last_rule ? '7px,4px' : 'solid',
      keyDash: run.last_rule ? '8 4' : 'none',
      symbol: ['circle', 'square', 'diamond', 'triangle-up', 'triangle-down', 'x'][seen[shared] % 6] +
        (run.last_rule ? '-open' : ''),
    };
  });
}

// Colours of n layers, the first to the last.
function ramp(n) {
  const stops = ['--first-layer', '--middle-layer', '--last-layer'].map(name => rgb(css(name)));
  return Array.from({length: n}, (_, i) => {
    const at = n > 1 ? 2 * i / (n - 1) : 0;
    const [from, to] = at < 1 ? [stops[0], stops[1]] : [stops[1], stops[2]];
    return `rgb(${from.map((value, k) => Math.round(value + (to[k] - value) * (at < 1 ? at : at - 1)))})`;
  });
}

// The i-th of n parts of 0 to 1 with gaps between them.
function slot(i, n, gap) {
  const size = (1 - gap * (n - 1)) / n;
  return [i * (size + gap), i * (size + gap) + size];
}

// Panels that share the height axis; each is {title, x, traces, lines: [{y, text, below}]}.
function figure(element, panels, y, legend) {
  const width = element.clientWidth;
  const columns = Math.max(1, Math.min(panels.length, 3, Math.floor(width / 300)));
  const rows = Math.ceil(panels.length / columns);
  const [ink, quiet, line, paper] = ['--ink', '--quiet', '--line', '--paper'].map(css);
  const axis = {color: quiet, gridcolor: line, linecolor: quiet, zeroline: false, showline: true, ticks: 'outside',
    tickcolor: quiet, automargin: true};
  const layout = {
    width, height: 90 + rows * 290, paper_bgcolor: paper, plot_bgcolor: paper,
    font: {family: css('--sans'), size: 12, color: ink}, margin: {l: 56, r: 12, t: 44, b: 48},
    hovermode: 'closest', hoverlabel: {namelength: -1},
    legend: width < 600 ? below : legend, showlegend: true, annotations: [], shapes: [],
    modebar: {bgcolor: 'transparent', color: quiet, activecolor: ink},
  };
  const traces = panels.flatMap((panel, i) => {
    const n = i ? i + 1 : '';
    const [column, row] = [i % columns, Math.floor(i / columns)];
    layout[`xaxis${n}`] = {...axis, ...panel.x, anchor: `y${n}`, showgrid: false, domain: slot(column, columns, 0.04)};
    layout[`yaxis${n}`] = {...axis, ...y, anchor: `x${n}`, domain: slot(rows - 1 - row, rows, 0.34 / rows)};
    if (i) layout[`yaxis${n}`].matches = 'y';
    if (column) Object.assign(layout[`yaxis${n}`], {title: undefined, showticklabels: false});
    layout.annotations.push({xref: `x${n} domain`, yref: `y${n} domain`, x: 0, y: 1, xanchor: 'left', yanchor: 'bottom',
      yshift: 5, showarrow: false, text: `<b>${escaped(panel.title)}</b>`});
    for (const mark of panel.lines) {
      layout.shapes.push({type: 'line', xref: `x${n} domain`, yref: `y${n}`, x0: 0, x1: 1, y0: mark.y, y1: mark.y,
        line: {color: quiet, width: 1, dash: 'dot'}, layer: 'below'});
      layout.annotations.push({xref: `x${n} domain`, yref: `y${n}`, x: 1, y: mark.y, xanchor: 'right',
        yanchor: mark.below ? 'top' : 'bottom', showarrow: false, text: mark.text, font: {size: 11, color: quiet}});
    }
    return panel.traces.map(trace => ({...trace, xaxis: `x${n}`, yaxis: `y${n}`, showlegend: i === 0 && !trace.band}));
  });
  return {traces, layout};
}
const below = {orientation: 'h', x: 0, y: 0, yref: 'container', yanchor: 'bottom'};
const beside = {x: 1.01, y: 1, yanchor: 'top', traceorder: 'normal'};

function draw(chart) {
  const {traces, layout} = chart.make(chart.element);
  Plotly.react(chart.element, traces, layout, {
    displaylogo: false,
    modeBarButtons: [['toImage'], ['zoom2d', 'pan2d', 'resetScale2d']],
    toImageButtonOptions: {format: 'svg', filename: chart.name, width: null, height: null},
  });
}

function addFigure(parent, title, text, name, make) {
  const element = el('div', {class: 'chart', role: 'img', 'aria-label': `${title}. ${text}`});
  parent.append(el('figure', {}, el('figcaption', {}, el('b', {}, title), ` ${text}`), element));
  charts.push({element, name, make});
}

const axisTitle = text => ({text, standoff: 8});
const axes = [
  {title: 'against epoch', x: {title: axisTitle('epoch'), rangemode: 'tozero'}, pick: 0},
  {title: 'against seconds', x: {title: axisTitle('seconds since the start'), rangemode: 'tozero'}, pick: 1},
];

function lossFigure(runs, style) {
  return element => figure(element, axes.map(({title, x, pick}) => ({
    title, x, lines: [],
    traces: runs.map((run, i) => ({
      name: escaped(run.label), legendgroup: i, mode: 'lines', type: 'scatter',
      x: run.progress.map(point => point[pick]), y: run.progress.map(point => point[2]),
      line: {color: css(style[i].colour), width: 1.6, dash: style[i].dash},
      customdata: run.progress.map(point => [point[0], point[1]]),
      hovertemplate: '%{fullData.name}<br>epoch %{customdata[0]:.2f}, %{customdata[1]:.1f} s<br>loss %{y:.3f}<extra></extra>',
    })),
  })), {title: axisTitle('training loss'), rangemode: 'tozero'}, below);
}

function accuracyFigure(group, style) {
  const chance = 100 / group.classes;
  return element => figure(element, axes.map(({title, x, pick}) => ({
    title, x, lines: [{y: chance, text: 'chance'}],
    traces: group.runs.flatMap((run, i) => {
      const points = run.evaluations.filter(point => point.top1 !== undefined);
      const xs = points.map(point => pick ? point.seconds : point.epoch);
      const colour = css(style[i].colour);
      return [{
        band: true, legendgroup: i, type: 'scatter', mode: 'lines', hoverinfo: 'skip', fill: 'toself',
        x: [...xs, ...xs.toReversed()], y: [...points.map(p => p.high), ...points.map(p => p.low).toReversed()],
        line: {width: 0}, fillcolor: faded(colour, 0.14),
      }, {
        name: escaped(run.label), legendgroup: i, type: 'scatter', mode: 'lines+markers', x: xs, y: points.map(p => p.top1),
        line: {color: colour, width: 2, dash: style[i].dash}, marker: {size: 5.5, symbol: style[i].symbol},
        customdata: points.map(p => [p.low, p.high, p.epoch, p.seconds]),
        hovertemplate: '%{fullData.name}<br>epoch %{customdata[2]}, %{customdata[3]:.1f} s<br>' +
          '%{y:.1f} % (%{customdata[0]:.1f} to %{customdata[1]:.1f})<extra></extra>',
      }];
    }),
  })), {title: axisTitle('held-out accuracy, %')}, below);
}

function alignmentFigure(runs) {
  const names = [...new Set(runs.flatMap(run => run.alignment.map(layer => layer.name)))];
  const angles = runs.flatMap(run => run.alignment.flatMap(layer => layer.points.map(point => point[1] ?? 90)));
  const lowest = Math.floor(Math.min(37.07, ...angles) / 15) * 15;
  return element => {
    const colours = ramp(names.length);
    const panels = runs.map((run, k) => {
      const lines = [{y: 90, text: '90°'}];
      if (run.rule === 'SIGN_SYMMETRY') lines.push({y: 37.07, text: '37.07°: Gaussian W', below: true});
      const traces = names.map((name, i) => {
        const layer = run.alignment.find(candidate => candidate.name === name) ?? {points: []};
        return {
          name: escaped(name), legendgroup: i, type: 'scatter', mode: 'lines',
          x: layer.points.map(point => point[0]), y: layer.points.map(point => point[1]),
          line: {color: colours[i], width: 1.8}, customdata: layer.points.map(point => point[2] ?? NaN),
          hovertemplate: '%{fullData.name}, epoch %{x}<br>%{y:.1f}°, ‖B‖/‖W‖ %{customdata:.2f}<extra></extra>',
        };
      });
      return {title: run.label, x: {...axes[0].x, ...(k ? {matches: 'x'} : {})}, lines, traces};
    });
    const y = {title: axisTitle('angle between B and W'), range: [lowest, 98], dtick: 15, ticksuffix: '°'};
    return figure(element, panels, y, beside);
  };
}

// ---- the page

function addGroup(parent, group, index) {
  const style = styles(group.runs);
  const section = el('section', {'aria-labelledby': `group-${index}`},
    el('h2', {id: `group-${index}`}, group.title), el('p', {class: 'facts'}, group.facts.join(' · ')),
    el('p', {class: 'summary'}, group.sentences.join(' ').replace(/ (?=[±%])|(?<=±) /g, '\u00a0')));
  parent.append(section);

  section.append(table('Held-out accuracy with its 95 % interval, and the cost of a step', group.columns,
    i => [key(style[i])]));
  for (const run of group.runs.filter(run => run.reason)) {
    section.append(el('p', {class: 'state'}, `${run.name}: ${run.reason}`));
  }

  const file = kind => `${group.title} ${kind}`.replace(/[^A-Za-z0-9]+/g, '-');
  addFigure(section, 'Held-out accuracy.', 'The band is the 95 % interval. The values at the end are in the table.',
    file('accuracy'), accuracyFigure(group, style));
  addFigure(section, 'Training loss.', 'Each point is the mean since the one before, about a tenth of an epoch.',
    file('loss'), lossFigure(group.runs, style));
  const aligned = group.runs.filter(run => run.alignment.length);
  if (aligned.length) {
    addFigure(section, 'Alignment of feedback and forward weights.',
      'The angle between B and W of each layer. Dotted: 90°, as of an unrelated B, and what the signs of a Gaussian W have.',
      file('alignment'), alignmentFigure(aligned));
  }

  section.append(el('h3', {}, 'Configs'));
  if (group.differences.length) {
    section.append(table('The fields in which the runs differ (names, and where files lie, left out)', [
      {title: 'field', cells: group.differences.map(difference => difference.path)},
      ...group.runs.map((run, i) => ({title: run.name, cells: group.differences.map(d => d.values[i] || '–')})),
    ]));
  } else {
    section.append(el('p', {}, group.runs.length > 1 ? 'The configs are equal.' : 'One run: nothing to compare.'));
  }
  for (const run of group.runs) {
    section.append(el('details', {}, el('summary', {}, `${run.name}, as resolved (${run.folder})`),
      el('pre', {tabindex: '0'}, run.config)));
  }

  section.append(el('h3', {}, 'Machine and versions'));
  for (const {lines, runs} of group.environments) {
    if (group.environments.length > 1) section.append(el('p', {class: 'facts'}, runs.join(' · ')));
    section.append(el('dl', {class: 'machine'}, ...lines.map(([name, value]) =>
      el('div', {}, el('dt', {}, name), el('dd', {}, value)))));
  }
}

const count = data.groups.reduce((sum, group) => sum + group.runs.length, 0);
document.getElementById('contents').textContent =
  `${count} ${count === 1 ? 'run' : 'runs'}: ${data.groups.map(group => group.title).join(', ')}`;
data.groups.forEach((group, i) => addGroup(document.getElementById('groups'), group, i));

const drawAll = () => charts.forEach(draw);
drawAll();
document.documentElement.dataset.charts = charts.length;

matchMedia('(prefers-color-scheme: dark)').addEventListener('change', drawAll);
let drawnWidth = innerWidth;
addEventListener('resize', () => {
  if (innerWidth !== drawnWidth) drawAll();
  drawnWidth = innerWidth;
});
// On paper: light, and as wide as the page's text.
const root = document.documentElement;
addEventListener('beforeprint', () => {
  root.classList.add('print');
  charts.forEach(chart => { chart.element.style.width = '680px'; draw(chart); });
});
addEventListener('afterprint', () => {
  root.classList.remove('print');
  charts.forEach(chart => { chart.element.style.width = ''; draw(chart); });
});
