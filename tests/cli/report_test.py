"""`signsym report`, from made-up run folders to the page in a browser. SIGNSYM_CLI names the program."""

import html
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from run_folders import LENET, RunFolder, write_demo

SIGNSYM = os.environ['SIGNSYM_CLI']
CHROMIUM = shutil.which('chromium') or shutil.which('chromium-browser') or shutil.which('google-chrome')
LIGHT, DARK = 1, 0  # Blink's preferredColorScheme
HOSTILE = '</script><script>alert(1)</script><!-- <b>bold</b> %{x} \x1b[31m & "q" \u202e é'


class ReportTest(unittest.TestCase):
    def setUp(self):
        self.root = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.page = self.root / 'report.html'

    def run_report(self, *folders, options=()):
        return subprocess.run([SIGNSYM, 'report', *map(str, folders), '-o', str(self.page), *options],
                              capture_output=True, text=True, timeout=120)

    def report(self, *folders, options=()):
        """What the terminal shows; the page is self.page."""
        done = self.run_report(*folders, options=options)
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        return done.stdout

    def refused(self, *folders, options=()):
        done = self.run_report(*folders, options=options)
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertEqual(done.stdout, '')
        self.assertFalse(self.page.exists())
        return done.stderr

    def data(self):
        """The JSON in the page."""
        text = self.page.read_text()
        return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.S)[1])

    def runs(self):
        return [run for group in self.data()['groups'] for run in group['runs']]


class ReportTable(ReportTest):
    def test_a_table_for_each_data_set_and_then_the_path_of_the_page(self):
        lines = self.report(*write_demo(self.root)).splitlines()
        self.assertEqual(lines[0], 'resnet8 on cifar10')
        self.assertEqual(lines[-1], str(self.page))
        self.assertIn('lenet on mnist', lines)
        row = re.split(r'  +', next(line for line in lines if line.startswith('cifar10-sign-symmetry ')))
        self.assertEqual(row, ['cifar10-sign-symmetry', 'SIGN_SYMMETRY', '55.2 ± 2.2', '2,000', '10', '1.193', '306.0',
                               '1.02', '1'])
        row = next(line for line in lines if line.startswith('cifar10-sign-symmetry-last-backprop'))
        self.assertRegex(row, r'SIGN_SYMMETRY +BACKPROP +56\.1 ± 2\.2')

    def test_the_columns_are_aligned(self):
        lines = self.report(RunFolder(self.root / 'a', name='é').write(), RunFolder(self.root / 'b', name='long name').write())
        header, first, second = lines.splitlines()[1:4]
        self.assertEqual({header.index('rule'), first.index('SIGN'), second.index('SIGN')}, {len('long name') + 2})

    def test_no_order_is_claimed_where_intervals_overlap(self):
        out = self.report(RunFolder(self.root / 'a', accuracy=55, rule='SIGN_SYMMETRY').write(),
                          RunFolder(self.root / 'b', accuracy=58, rule='BACKPROP').write())
        self.assertIn('Among these no order is claimed: their 95 % intervals overlap.', out)
        self.assertNotIn('above', out)

    def test_an_order_is_claimed_where_intervals_are_apart(self):
        out = self.report(RunFolder(self.root / 'a', accuracy=55, rule='FEEDBACK_ALIGNMENT').write(),
                          RunFolder(self.root / 'b', accuracy=60, rule='SIGN_SYMMETRY').write())
        self.assertIn('SIGN_SYMMETRY is above FEEDBACK_ALIGNMENT: the 95 % intervals are apart.', out)

    def test_three_tiers_are_listed_in_their_order(self):
        out = self.report(*[RunFolder(self.root / rule, accuracy=accuracy, rule=rule).write() for rule, accuracy in
                            (('FEEDBACK_ALIGNMENT', 40), ('BACKPROP', 60), ('SIGN_SYMMETRY', 50))])
        self.assertIn('apart: first BACKPROP, then SIGN_SYMMETRY, then FEEDBACK_ALIGNMENT.', out)

    def test_in_a_chain_of_overlaps_only_the_ends_are_apart(self):
        out = self.report(*[RunFolder(self.root / rule, accuracy=accuracy, rule=rule).write() for rule, accuracy in
                            (('FEEDBACK_ALIGNMENT', 53), ('BACKPROP', 59), ('SIGN_SYMMETRY', 56))])
        self.assertIn('only these are apart: BACKPROP above FEEDBACK_ALIGNMENT.', out)

    def test_seconds_of_another_machine_are_not_compared(self):
        other = RunFolder(self.root / 'b', rule='SIGN_SYMMETRY')
        other.start['machine']['processor'] = 'Another made-up processor'
        out = self.report(RunFolder(self.root / 'a', rule='BACKPROP').write(), other.write())
        self.assertRegex(out, r'SIGN_SYMMETRY .* 300\.0 +– +1\n')
        self.assertEqual(len(self.data()['groups'][0]['environments']), 2)

    def test_a_name_cannot_command_the_terminal(self):
        self.assertNotIn('\x1b', self.report(RunFolder(self.root / 'a', name=HOSTILE).write()))

    def test_a_folder_given_twice_is_one_run(self):
        folder = RunFolder(self.root / 'a').write()
        self.report(folder, folder / '.')
        self.assertEqual(len(self.runs()), 1)

    def test_equal_folders_give_equal_pages(self):
        folders = write_demo(self.root)
        self.report(*folders)
        first = self.page.read_bytes()
        self.report(*folders)
        self.assertEqual(first, self.page.read_bytes())


class ReportNames(ReportTest):
    def names(self, *runs):
        self.report(*[run.write() for run in runs])
        return [run['name'] for run in self.runs()]

    def test_runs_of_one_name_are_told_apart_by_rule(self):
        self.assertEqual(self.names(RunFolder(self.root / 'a', rule='BACKPROP'), RunFolder(self.root / 'b', rule='SIGN_SYMMETRY'),
                                    RunFolder(self.root / 'c', rule='SIGN_SYMMETRY', last_rule='BACKPROP')),
                         ['run · BACKPROP', 'run · SIGN_SYMMETRY', 'run · SIGN_SYMMETRY · last layer BACKPROP'])

    def test_then_by_seed(self):
        self.assertEqual(self.names(RunFolder(self.root / 'a', seed=1), RunFolder(self.root / 'b', seed=2)),
                         ['run · SIGN_SYMMETRY · seed 1', 'run · SIGN_SYMMETRY · seed 2'])

    def test_then_by_folder(self):
        names = self.names(RunFolder(self.root / 'a'), RunFolder(self.root / 'b'))
        self.assertEqual([name.split('/')[-1] for name in names], ['a', 'b'])
        self.assertTrue(names[0].startswith('run · SIGN_SYMMETRY · seed 1 · '))


class ReportReading(ReportTest):
    def test_a_torn_last_line_is_left_out(self):
        self.report(RunFolder(self.root / 'a').write(torn='{"event": "progress", "st'))
        self.assertEqual(len(self.runs()[0]['evaluations']), 11)

    def test_a_torn_line_before_a_resumed_part_is_left_out(self):
        folder = RunFolder(self.root / 'a').write(torn='{"event": "pro\n' + json.dumps(
            {**RunFolder(self.root / 'b').start, 'step': 790}) + '\n{"event": "end", "step": 790, "status": "finished"}\n')
        self.report(folder)
        self.assertEqual(self.runs()[0]['state'], '')

    def test_a_damaged_line_in_the_middle_is_named(self):
        run = RunFolder(self.root / 'a')
        folder = run.write()
        lines = (folder / 'metrics.jsonl').read_text().splitlines(True)
        lines[4] = lines[4][:20] + '\n'
        (folder / 'metrics.jsonl').write_text(''.join(lines))
        self.assertIn('a/metrics.jsonl:5 is damaged', self.refused(folder))

    def test_of_a_resumed_run_the_lines_that_were_done_again_are_left_out(self):
        run = RunFolder(self.root / 'a')
        before = [dict(line, loss=9.0) if line['event'] == 'progress' else line for line in run.lines[:40]]
        run.lines = before + [dict(run.start, step=79)] + [line for line in run.lines if line['step'] > 79]
        self.report(run.write())
        progress = self.runs()[0]['progress']
        self.assertEqual([point[0] for point in progress], sorted(point[0] for point in progress))
        self.assertEqual([point[2] == 9.0 for point in progress], [True] * 10 + [False] * 90)

    def test_a_run_that_goes_on_is_shown_and_not_compared(self):
        run = RunFolder(self.root / 'a', end=None)
        run.lines = run.lines[:40]
        out = self.report(run.write())
        self.assertIn('unfinished, epoch 3 of 10', out)
        self.assertIn('Not compared, since it has not finished: SIGN_SYMMETRY.', out)

    def test_a_run_that_has_only_begun_is_shown(self):
        run = RunFolder(self.root / 'a')
        run.lines = run.lines[:1]
        self.assertIn('unfinished, epoch 0 of 10', self.report(run.write()))

    def test_a_run_that_failed_is_shown_with_the_reason(self):
        run = RunFolder(self.root / 'a', end='diverged')
        run.lines[-1]['text'] = 'the loss is not finite'
        self.assertIn('diverged, epoch 10 of 10', self.report(run.write()))
        self.assertEqual(self.runs()[0]['reason'], 'the loss is not finite')

    def test_members_that_are_missing_or_of_another_type_are_no_numbers(self):
        run = RunFolder(self.root / 'a')
        for line in run.lines[1:-1]:
            line.pop('loss', None)
            line['seconds'] = 'soon'
            line['top1'] = None
            line['alignment'] = 7
        self.assertRegex(self.report(run.write()), r'SIGN_SYMMETRY +– +– +10 +–')

    def test_a_missing_folder_a_file_and_a_folder_without_a_run_are_named(self):
        (self.root / 'empty').mkdir()
        (self.root / 'file').touch()
        good = RunFolder(self.root / 'good').write()
        self.assertIn('none does not exist', self.refused(good, self.root / 'none'))
        self.assertIn('file is not a folder', self.refused(good, self.root / 'file'))
        self.assertIn('empty is not the folder of a run: config.textproto is missing', self.refused(good, self.root / 'empty'))

    def test_a_run_without_a_start_line_is_named(self):
        run = RunFolder(self.root / 'a')
        run.lines = []
        self.assertIn('a: the run has not started', self.refused(run.write()))

    def test_a_newer_format_is_named(self):
        run = RunFolder(self.root / 'a')
        run.start['format'] = 2
        self.assertIn('a: the run is of format 2, this signsym reads format 1', self.refused(run.write()))

    def test_a_config_that_is_none_is_named(self):
        run = RunFolder(self.root / 'a')
        run.config = 'learning: fast'
        self.assertIn('a/config.textproto', self.run_report(run.write()).stderr)

    def test_a_page_that_cannot_be_written_is_named(self):
        self.page = self.root / 'missing' / 'report.html'
        done = self.run_report(RunFolder(self.root / 'a').write())
        self.assertEqual(done.returncode, 3)
        self.assertIn('missing/report.html.part: cannot write: No such file or directory: create its folder', done.stderr)


class ReportPage(ReportTest):
    def test_only_the_fields_that_differ_are_listed_without_names_and_places(self):
        self.report(RunFolder(self.root / 'a', rule='BACKPROP', name='one').write(),
                    RunFolder(self.root / 'b', last_rule='BACKPROP', name='two', seed=2).write())
        self.assertEqual(self.data()['groups'][0]['differences'], [
            {'path': 'feedback.layer[0].name', 'values': ['', 'fc']},
            {'path': 'feedback.layer[0].rule', 'values': ['', 'BACKPROP']},
            {'path': 'feedback.rule', 'values': ['BACKPROP', 'SIGN_SYMMETRY']},
            {'path': 'seed', 'values': ['1', '2']}])

    def test_the_interval_is_wilsons(self):
        self.report(RunFolder(self.root / 'a', accuracy=97.9, samples=10000).write())
        last = self.runs()[0]['evaluations'][-1]
        # statsmodels.stats.proportion.proportion_confint(9790, 10000, method='wilson')
        self.assertAlmostEqual(last['low'], 97.60003, places=5)
        self.assertAlmostEqual(last['high'], 98.16318, places=5)

    def test_layers_whose_feedback_is_their_weight_have_no_line(self):
        self.report(RunFolder(self.root / 'a', last_rule='BACKPROP').write(), RunFolder(self.root / 'b', rule='BACKPROP').write())
        first, second = self.runs()
        self.assertEqual([layer['name'] for layer in first['alignment']][-1], 'layer3.0.conv2')
        self.assertEqual(second['alignment'], [])

    def test_nothing_is_loaded_from_elsewhere(self):
        self.report(*write_demo(self.root))
        text = self.page.read_text()
        self.assertTrue("default-src 'none'" in text)
        ours = re.sub(r'/\*\*\n\* plotly\.js.*?</script>', '', text, flags=re.S)
        self.assertLess(len(ours), 300_000)
        self.assertEqual(re.findall(r'https?://(?!www\.w3\.org/2000/svg)', ours), [])
        self.assertEqual(re.findall(r'(?i)<(?:link|img|iframe|object|embed|base)\b|\bsrc\s*=|\burl\(|@import', ours), [])


@unittest.skipUnless(CHROMIUM, 'needs chromium to look at the page')
class ReportBrowser(ReportTest):
    def look(self, scheme, script=''):
        """The document as Chromium has it after the page's script, and `script`, ran; no message on the console."""
        page = self.page
        if script:
            page = self.root / 'with-script.html'
            page.write_text(self.page.read_text().replace('</body>', f'<script>{script}</script></body>'))
        with tempfile.TemporaryDirectory() as profile:
            done = subprocess.run(
                [CHROMIUM, '--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking',
                 '--disable-component-update', '--disable-sync', f'--user-data-dir={profile}', '--window-size=1280,3000',
                 f'--blink-settings=preferredColorScheme={scheme}', '--virtual-time-budget=10000', '--enable-logging=stderr',
                 '--v=0', '--dump-dom', page.as_uri()], capture_output=True, text=True, timeout=180)
        # Without a network the browser's own pages complain.
        self.assertEqual([line for line in done.stderr.splitlines()
                          if 'CONSOLE' in line and 'source: chrome://' not in line], [])
        self.assertHolds('<p id="fault" role="alert" hidden=""></p>', done.stdout)
        return done.stdout

    def assertHolds(self, text, document):
        self.assertTrue(text in document, f'{text} is not in the page')  # which is too long to be shown

    @staticmethod
    def cells(document):
        return [[html.unescape(re.sub(r'<[^>]*>', '', cell)) for cell in re.findall(r'<t[hd][ >].*?</t[hd]>', row, re.S)]
                for row in re.findall(r'<tr>.*?</tr>', document, re.S)]

    def test_the_page_draws_itself_in_light_and_dark(self):
        self.report(*write_demo(self.root), options=['--title', 'Fish & <chips>'])
        for scheme, paper in ((LIGHT, 'rgb(255, 255, 255)'), (DARK, 'rgb(21, 23, 26)')):
            with self.subTest(scheme=scheme):
                document = self.look(scheme)
                self.assertHolds('<h1>Fish &amp; &lt;chips&gt;</h1>', document)
                self.assertHolds('data-charts="6"', document)
                self.assertHolds(f'background: {paper}', document)  # the charts follow
                # accuracy: line and band, loss: line, each against epoch and seconds; angle: a line for each layer
                lines = 4 * (2 * 2 + 2) + (8 + 8 + 7) + 2 * (2 * 2 + 2) + len(LENET)
                self.assertEqual(len(re.findall(r'<g class="trace scatter', document)), lines)
                self.assertIn(['cifar10-sign-symmetry', 'SIGN_SYMMETRY', '', '55.2 ± 2.2', '2,000', '10', '1.193', '306.0',
                               '1.02', '1'], self.cells(document))
                self.assertIn(['feedback.rule', 'BACKPROP', 'SIGN_SYMMETRY', 'SIGN_SYMMETRY', 'FEEDBACK_ALIGNMENT'],
                              self.cells(document))
                self.assertHolds('37.07°: Gaussian W', document)

    def test_a_hostile_name_stays_a_name(self):
        self.report(RunFolder(self.root / 'a', name=HOSTILE, rule='SIGN_SYMMETRY').write(),
                    RunFolder(self.root / 'b', name=HOSTILE, rule='SIGN_SYMMETRY').write())
        document = self.look(LIGHT, 'const made = document.createElement("p"); made.id = "count"; document.body.append(made);'
                                    'made.textContent = document.querySelectorAll("main script, main b:not(figcaption b)").length')
        self.assertHolds('<p id="count">0</p>', document)
        names = [row[0] for row in self.cells(document) if row[0].startswith(HOSTILE)]
        self.assertEqual(len(names), 2)
        legend = re.findall(r'class="legendtext"[^>]*data-unformatted="([^"]*)"', document)
        self.assertTrue(html.unescape(html.unescape(legend[0])).startswith(HOSTILE), legend[0])

    def test_runs_without_numbers_draw_without_a_fault(self):
        begun, broken = RunFolder(self.root / 'begun'), RunFolder(self.root / 'broken', rule='ANOTHER_RULE')
        begun.lines = begun.lines[:1]
        broken.config = begun.config
        for line in broken.lines[1:]:
            line.update(loss=None, top1=None, seconds=None, alignment=[{'layer': 'conv1'}])
        self.report(begun.write(), broken.write())
        self.assertHolds('data-charts="3"', self.look(DARK))

    def test_each_chart_is_exported_as_svg_and_none_is_sent_anywhere(self):
        self.report(*write_demo(self.root))
        document = self.look(LIGHT, '''
            for (const button of document.querySelectorAll('[data-title^="Download"]')) button.click();
            Plotly.toImage(document.querySelector(".chart"), {format: "svg"}).then(url => {
              const made = document.createElement("p");
              made.id = "svg";
              made.textContent = decodeURIComponent(url).slice(0, 100);
              document.body.append(made);
            });''')
        self.assertHolds('<p id="svg">data:image/svg+xml,&lt;svg ', document)
        titles = re.findall(r'data-title="([^"]*)"', document)
        self.assertEqual(titles, ['Download plot', 'Zoom', 'Pan', 'Reset axes'] * 6)


if __name__ == '__main__':
    unittest.main()
