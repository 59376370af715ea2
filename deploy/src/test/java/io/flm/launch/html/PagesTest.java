package io.flm.launch.html;

import static org.assertj.core.api.Assertions.assertThat;

import io.flm.worker.evaluate.Figure;
import io.flm.worker.evaluate.HeldOut.Example;
import io.flm.worker.evaluate.Metric;
import io.flm.worker.evaluate.Report;
import io.flm.worker.evaluate.TextReading;
import io.flm.worker.model.TextMasks.Reader;
import io.flm.worker.model.TextMasks.Seen;
import io.flm.worker.objective.flm.FreeLanguageModeling;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PagesTest {
    private static final String HOSTILE = "<script>alert('\"&\"')</script>";

    @TempDir
    Path folder;

    private static Report report() {
        Example example = new Example("shard:1", HOSTILE, new int[] {0, 2, 9, 2}, new byte[3 * 16]);
        Example other = new Example("shard:2", "lemon", new int[] {0, 2, 8, 2}, new byte[3 * 16]);
        return new Report(
                new FreeLanguageModeling(0.3, 1, 1),
                1000,
                0.3,
                100,
                3,
                600,
                List.of(
                        new Figure.Measured(
                                new Metric("cloze", "Cloze", "found", Metric.Unit.SHARE, Metric.Direction.HIGHER),
                                0.875,
                                0.25),
                        new Figure.Measured(
                                new Metric("loss", "Loss", "mean", Metric.Unit.NATS, Metric.Direction.LOWER),
                                1.25,
                                2.5),
                        new Figure.Absent(
                                new Metric("f1", "F1", "shared", Metric.Unit.SHARE, Metric.Direction.HIGHER),
                                "no l2r stream")),
                List.of(new Report.Shown(
                        example,
                        HOSTILE,
                        List.of(new Report.Ranked("lemon", 0.75, false), new Report.Ranked(HOSTILE, 0.25, true)))),
                List.of(new Report.Search(example, List.of(other, example), 2)));
    }

    private static void assertStandsAlone(String page) {
        assertThat(page)
                .startsWith("<!doctype html>")
                .contains("<img src=\"data:image/png;base64,iVBOR")
                .doesNotContain("<script")
                .doesNotContain("http:")
                .doesNotContain("https:")
                .doesNotContain("url(");
    }

    @Test
    void thePageStandsAloneAndShowsEveryTextAsText() {
        String page = EvaluationPage.of(HOSTILE, Map.of("Data", HOSTILE), report(), null);
        assertStandsAlone(page);
        assertThat(page).contains("&lt;script&gt;alert(&#39;&quot;&amp;&quot;&#39;)&lt;/script&gt;");
    }

    @Test
    void figuresStandBesideWhatIsReachedWithoutThePicture() {
        String page = EvaluationPage.of("emoji-1", Map.of(), report(), null);
        assertThat(page)
                .contains("<td class=\"value\">87.5 %</td><td class=\"prior\">25.0 %</td>")
                .contains("<td class=\"value\">1.250</td><td class=\"prior\">2.500</td>")
                .contains("mean; lower is better")
                .contains("no l2r stream");
    }

    @Test
    void theCurvesOfARunAreDrawnThoughItsLastLineIsCut() throws IOException {
        Path metrics = folder.resolve("metrics.jsonl");
        StringBuilder lines = new StringBuilder();
        for (int step = 0; step < 500; step++) {
            lines.append("{\"step\":%d,\"recLoss\":%f,\"recAccuracy\":0.5,\"l2rLoss\":3.0,\"l2rAccuracy\":0.1,"
                    .formatted(step, 8.0 / (1 + step)));
            lines.append("\"recPredictionRate\":1.0,\"recCorruptionRate\":%f,".formatted(step % 2 == 0 ? 0.2 : 0.3));
            lines.append("\"itmLoss\":0.7,\"itmAccuracy\":0.5,"); // whatever heads the objective has
            lines.append("\"samples\":32,\"seconds\":%f}\n".formatted(step * 0.1));
        }
        Files.writeString(metrics, lines + "{\"step\":500,\"recL");
        String page = EvaluationPage.of("emoji-1", Map.of(), report(), metrics);
        assertThat(page)
                .contains("Samples a second")
                .contains("class=\"line rec\"")
                .contains("class=\"line l2r\"")
                .contains("class=\"line itm\"")
                .contains("Means of the steps: rec predicts 100.0 % of the tokens, of whose context 25.0 % is hidden.")
                .doesNotContain("class=\"line mlm\"")
                .doesNotContain("NaN")
                .doesNotContain("Infinity");
    }

    /** A run's folder may be somebody else's. */
    @Test
    void namesOfHeadsAreShownAsText() throws IOException {
        Path metrics = folder.resolve("metrics.jsonl");
        String head = "\"><script>alert(1)</script>";
        StringBuilder lines = new StringBuilder();
        for (int step = 0; step < 500; step++) {
            lines.append(
                    "{\"step\":%d,\"%sLoss\":3.0,\"%sAccuracy\":0.1,\"recLoss\":2.0,\"recAccuracy\":0.1,\"samples\":32,\"seconds\":%f}%n"
                            .formatted(step, head.replace("\"", "\\\""), head.replace("\"", "\\\""), step * 0.1));
        }
        Files.writeString(metrics, lines);
        assertThat(EvaluationPage.of("emoji-1", Map.of(), report(), metrics))
                .contains("&lt;script&gt;alert(1)")
                .doesNotContain("<script");
    }

    /** A text of four tokens; "red" and the token itself are hidden from "apple". */
    private static TextReading reading() {
        return new TextReading(
                "with " + HOSTILE,
                List.of("<s>", "red", "apple", "</s>"),
                new boolean[4],
                List.of(
                        new Reader("l2r", List.of(new Seen("l2r", columns("1111", "0100", "0110", "0111")))),
                        new Reader("r2l", List.of(new Seen("r2l", columns("1111", "0111", "0011", "0001")))),
                        new Reader(
                                "reconstructor",
                                List.of(
                                        new Seen("l2r", columns("1111", "0000", "0000", "0110")),
                                        new Seen("r2l", columns("1111", "0001", "0001", "0000"))))));
    }

    private static boolean[][] columns(String... rows) {
        return Stream.of(rows)
                .map(row -> {
                    boolean[] seen = new boolean[row.length()];
                    for (int i = 0; i < seen.length; i++) {
                        seen[i] = row.charAt(i) == '1';
                    }
                    return seen;
                })
                .toArray(boolean[][]::new);
    }

    @Test
    void aContactSheetShowsWhatEachTokenMaySee() {
        ContactSheet.Sheet sheet = new ContactSheet.Sheet("shard:1", HOSTILE, List.of(new byte[3 * 16]), reading());
        String page =
                ContactSheet.of("2 shards", List.of("2 samples"), new TreeMap<>(Map.of(4, 7L, 6, 1L)), List.of(sheet));
        assertStandsAlone(page);
        assertThat(page).contains("4 tokens: 7").contains("&lt;s&gt;");
        assertThat(TokenView.row(reading(), 2))
                .containsExactly("l", "l hidden", "l hidden", "l", "gap", "r", "r", "r hidden", "r seen");
    }

    @Test
    void aTokenIsChosenWithoutAScriptAndShowsWhatIsHiddenFromIt() {
        String view = TokenView.choice("one", List.of(reading()));
        assertThat(view)
                .contains("<input type=\"radio\" name=\"one\" id=\"one-2\" checked><label for=\"one-2\">apple</label>")
                .contains("l2r <i>sees 2 of 4</i></em><span><b class=\"\">&lt;s&gt;</b> <b class=\"l\">red</b>"
                        + " <b class=\"l own\">apple</b> <b class=\"\">&lt;/s&gt;</b>")
                .contains(
                        "reconstructor <i>sees 1 of 4</i></em><span><b class=\"\">&lt;s&gt;</b> <b class=\"h\">red</b>"
                                + " <b class=\"h own\">apple</b> <b class=\"r\">&lt;/s&gt;</b>")
                .contains("<b class=\"b own\">&lt;s&gt;</b> <b class=\"b\">red apple &lt;/s&gt;</b>");
        assertThat(view.split(" checked>", -1)).hasSize(2);
    }

    /** What a stream sees decides what is hidden from the reconstructor, whether the stream is told again or not. */
    @Test
    void aReadingOfWhichPartIsToldMarksWhatIsHiddenToo() {
        TextReading all = reading();
        TextReading part = new TextReading(
                "later",
                all.tokens(),
                all.replaced(),
                all.readers(),
                all.readers().subList(2, 3));
        assertThat(TokenView.choice("one", List.of(part)))
                .contains("<b class=\"h own\">apple</b>")
                .doesNotContain("l2r <i>");
    }

    @Test
    void whatIsReadInATokensPlaceIsHiddenToo() {
        TextReading masked = new TextReading(
                "masked",
                List.of("<s>", "<mask>"),
                new boolean[] {false, true},
                List.of(new Reader("text", List.of(new Seen("text", columns("11", "11"))))));
        assertThat(TokenView.choice("one", List.of(masked)))
                .contains("<b class=\"s own\">&lt;s&gt;</b> <b class=\"h\">&lt;mask&gt;</b>");
    }
}
