package io.flm.launch.console;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.LoggingEvent;
import io.flm.coordinator.Coordinator.Answer;
import io.flm.coordinator.RunView;
import io.flm.coordinator.RunView.WorkerView;
import io.flm.launch.command.TestEnvironment;
import io.flm.launch.submit.StubNode;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Names and messages of others reach terminal and log as text: they move no cursor and make no line. */
class PlainMessagesTest {
    private static final String CLEAR = "\u001b[2J\nflm: all is well";
    private static final String SHOWN = "\\u001b[2J flm: all is well";

    @TempDir
    private Path folder = Path.of("");

    private final StubNode node = StubNode.open();

    @AfterEach
    void close() {
        node.close();
    }

    @Test
    void statusShowsWhatANodeSaysAsText() {
        RunView view = new RunView(
                "r" + CLEAR,
                "id",
                "training",
                CLEAR,
                1,
                2,
                3,
                null,
                List.of(),
                0,
                0,
                null,
                null,
                1,
                0,
                "0" + CLEAR,
                new RunView.CheckpointView(1, CLEAR, CLEAR),
                List.of(CLEAR),
                List.of(new WorkerView(CLEAR, CLEAR, CLEAR, CLEAR, 0, CLEAR, 1, 1, 1, CLEAR)));
        node.answer("GET /api/v1/run", 200, view);
        TestEnvironment world = new TestEnvironment(folder);
        assertThat(world.flm("status", "--node", node.address())).isZero();
        assertThat(world.out()).doesNotContain("\u001b").contains("run r" + SHOWN + ": training: " + SHOWN);
        assertThat(world.out().lines())
                .as("a line break of somebody else's makes no line")
                .hasSize(10);
    }

    @Test
    void answersAndProblemsAreOneLine() {
        TestEnvironment world = new TestEnvironment(folder);
        node.answer("POST /api/v1/run/stop", 202, new Answer(true, "halting", CLEAR));
        assertThat(world.flm("stop", "--node", node.address())).isZero();
        assertThat(world.out()).isEqualTo("halting: " + SHOWN + "\n");
        node.answer("POST /api/v1/run/pause", 409, Map.of("detail", CLEAR + "\u009b\u202e"));
        assertThat(world.flm("pause", "--node", node.address())).isEqualTo(Failure.REFUSED);
        assertThat(world.err()).singleElement().asString().endsWith(SHOWN + "\\u009b\\u202e");
        assertThat(world.flm("status", "--set\u001b[2J")).isEqualTo(Failure.REFUSED);
        assertThat(world.err()).singleElement().asString().contains("\\u001b[2J");
    }

    @Test
    void jsonHoldsTheSameValueWithoutControls() {
        assertThat(Json.line(Map.of("key", "\u001b\u009b\u202e\n"))).isEqualTo("""
                {"key":"\\u001B\\u009b\\u202e\\n"}""");
    }

    @Test
    void theScreenShowsProgressAsText() {
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        Screen screen = new Screen(new PrintStream(err, true, StandardCharsets.UTF_8), 80, TestEnvironment.PROGRAM);
        screen.status("rec\u0007 1.0");
        assertThat(err.toString(StandardCharsets.UTF_8)).isEqualTo("\r\u001b[Krec\\u0007 1.0");
    }

    @Test
    void aLogLineIsOneLineAndAStackTraceIsIndented() {
        LoggerContext context = new LoggerContext();
        LoggingEvent event = new LoggingEvent(
                "",
                context.getLogger("io.flm.launch.X"),
                Level.WARN,
                "sample {}",
                new IllegalStateException("bad\n2023-06-18 10:00:00.000 INFO  forged" + CLEAR),
                new Object[] {CLEAR});
        event.setThreadName("t\nx");
        LogLayout layout = new LogLayout();
        layout.setContext(context);
        layout.start();
        List<String> lines = layout.doLayout(event).lines().toList();
        assertThat(lines.get(0))
                .matches("\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d\\.\\d{3} WARN  X \\[t x] sample .*")
                .endsWith(SHOWN);
        assertThat(lines).hasSizeGreaterThan(3);
        assertThat(lines.subList(1, lines.size()))
                .allSatisfy(line -> assertThat(line).startsWith("\t").doesNotContain("\u001b"));
    }
}
