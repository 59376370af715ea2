package io.flm.launch.html;

import static org.assertj.core.api.Assertions.assertThat;

import io.flm.worker.evaluate.TextReading;
import io.flm.worker.model.TextMasks.Reader;
import io.flm.worker.model.TextMasks.Seen;
import io.flm.worker.task.TaskFigure;
import io.flm.worker.task.TaskFigure.Unit;
import io.flm.worker.task.TaskReport;
import io.flm.worker.task.TaskReport.Shown;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TaskPageTest {
    private static final String HOSTILE = "<script>alert('\"&\"')</script>";
    private static final byte[] PICTURE = new byte[3 * 16];
    private static final int[] TEXT = {0, 8, 2};
    private static final TextReading ONE_STREAM = new TextReading(
            HOSTILE,
            List.of("<s>", HOSTILE, "</s>"),
            new boolean[3],
            List.of(new Reader(HOSTILE, List.of(new Seen(HOSTILE, new boolean[3][3])))));

    @TempDir
    Path folder;

    private static TaskFigure figure(Unit unit, double value, double error, double textOnly, double majority) {
        return new TaskFigure("accuracy", "Accuracy " + HOSTILE, unit, value, error, textOnly, majority, 1000);
    }

    private static String page(List<TaskFigure> figures, List<Shown> shown) {
        return TaskPage.of(
                "vqa-1",
                Map.of(),
                new TaskReport("vqa", 1000, figures, shown, null, List.of()),
                shown.stream().map(any -> List.of(ONE_STREAM)).toList(),
                null);
    }

    @Test
    void everyTextIsShownAsText() {
        TaskReport report = new TaskReport(
                HOSTILE,
                1000,
                List.of(figure(Unit.SHARE, 0.5, 0.01, 0.25, 0.125)),
                List.of(
                        new Shown(HOSTILE, List.of(PICTURE), TEXT, HOSTILE, HOSTILE, HOSTILE, 0.5, false),
                        new Shown(HOSTILE, List.of(PICTURE, PICTURE), TEXT, HOSTILE, "", HOSTILE, Double.NaN, false)),
                null,
                List.of(HOSTILE));
        assertThat(TaskPage.of(
                        HOSTILE,
                        Map.of(HOSTILE, HOSTILE),
                        report,
                        List.of(List.of(ONE_STREAM), List.of(ONE_STREAM)),
                        null))
                .startsWith("<!doctype html>")
                .contains("<img src=\"data:image/png;base64,iVBOR")
                .contains("&lt;script&gt;alert(&#39;&quot;&amp;&quot;&#39;)&lt;/script&gt;")
                .doesNotContain("<script")
                .doesNotContain("alert('")
                .doesNotContain("http:")
                .doesNotContain("https:")
                .doesNotContain("url(");
    }

    @Test
    void aFigureHasItsIntervalAndStandsBesideTheTextAndTheCommonestAnswer() {
        String page = page(List.of(figure(Unit.SHARE, 0.5, 0.025, 0.25, 0.125)), List.of());
        assertThat(page)
                .contains("<i style=\"width:50.0%\"></i><em style=\"left:45.1%;width:9.8%\"></em>")
                .contains("<b class=\"text\" style=\"left:25.0%\"></b><b class=\"constant\" style=\"left:12.5%\"></b>")
                .contains("<td class=\"value\">50.0 %<small>± 2.5 %</small></td>")
                .contains("<td class=\"prior\" data-of=\"text alone\">25.0 %</td>")
                .contains("<td class=\"prior\" data-of=\"commonest\">12.5 %</td>");
    }

    @Test
    void whatWasNotMeasuredIsADashAndNoBarLeavesItsFrame() {
        String page = page(
                List.of(
                        figure(Unit.SHARE, 1, 0.1, Double.NaN, 0),
                        figure(Unit.NUMBER, 3.333, Double.NaN, 0.25, Double.NaN)),
                List.of());
        assertThat(page)
                .contains("<em style=\"left:80.4%;width:19.6%\"></em><b class=\"constant\" style=\"left:0.0%\"></b>")
                .contains("<td class=\"prior\" data-of=\"text alone\">–</td>")
                .contains("</th><td></td><td class=\"value\">3.333</td>")
                .contains("<td class=\"prior\" data-of=\"commonest\">–</td>")
                .doesNotContain("NaN");
    }

    @Test
    void rightAndWrongAreToldByWordsToo() {
        String page = page(
                List.of(),
                List.of(
                        new Shown("a", List.of(PICTURE), TEXT, "What is it?", "lemon", "lemon", 0.875, true),
                        new Shown("b", List.of(PICTURE), TEXT, "What is it?", "lemon", "ball", 0.25, false),
                        new Shown("c", List.of(PICTURE, PICTURE), TEXT, "", "", "ball", Double.NaN, false)));
        assertThat(page)
                .contains("<article class=\"right\">")
                .contains("<span>lemon</span><em>88 %</em>")
                .contains("✓ right")
                .contains("<article class=\"wrong\">")
                .contains("✗ expected: lemon")
                .contains("<article class=\"open\">")
                .contains("? nothing is expected")
                .doesNotContain("NaN");
    }

    @Test
    void theRunsCurvesAreDrawn() throws IOException {
        Path metrics = folder.resolve("metrics.jsonl");
        StringBuilder lines = new StringBuilder();
        for (int step = 0; step < 50; step++) {
            lines.append("{\"step\":%d,\"vqaLoss\":%f,\"vqaAccuracy\":0.5,\"samples\":32,\"seconds\":%f}\n"
                    .formatted(step, 8.0 / (1 + step), step * 0.1));
        }
        Files.writeString(metrics, lines);
        TaskReport report = new TaskReport("vqa", 1, List.of(), List.of(), null, List.of());
        assertThat(TaskPage.of("vqa-1", Map.of(), report, List.of(), metrics)).contains("class=\"line vqa\"");
        assertThat(TaskPage.of("vqa-1", Map.of(), report, List.of(), folder.resolve("none")))
                .doesNotContain("class=\"line");
    }
}
