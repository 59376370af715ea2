package io.flm.launch.console;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.LoggingEvent;
import ch.qos.logback.classic.util.LogbackMDCAdapter;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.flm.coordinator.Coordinator.Answer;
import io.flm.coordinator.RunView;
import io.flm.coordinator.RunView.WorkerView;
import io.flm.launch.command.TestEnvironment;
import io.flm.launch.submit.StubNode;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPInputStream;
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
                List.of(new WorkerView(CLEAR, CLEAR, CLEAR, CLEAR, 0, CLEAR, 1, 1, 1, CLEAR, null, null)));
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
        LogFields.set(Map.of("run", "r\u001b", "generation", "3", "step", "9"));
        event.setMDCPropertyMap(Map.of("rank", "1", "step", "8", "akkaSource", "a"));
        LogLayout layout = new LogLayout();
        layout.setContext(context);
        layout.start();
        List<String> lines = layout.doLayout(event).lines().toList();
        LogFields.set(Map.of());
        assertThat(lines.get(0))
                .matches(
                        "\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d\\.\\d{3} WARN  X \\[t x] \\(run r\\\\u001b, generation 3, rank 1, step 8\\) sample .*")
                .endsWith(SHOWN);
        assertThat(lines).hasSizeGreaterThan(3);
        assertThat(lines.subList(1, lines.size()))
                .allSatisfy(line -> assertThat(line).startsWith("\t").doesNotContain("\u001b"));
    }

    /** Commands that forget to write out what they quote. */
    @Test
    void ofControlsOnlyLineBreaksGetThroughStandardOutput() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        PlainOutput out = new PlainOutput(bytes);
        out.println("a\u001b[2J b");
        out.print("c\u0085d\u009be\u2028f\u202eg\u2066h\ufeffi\rj\tk\n");
        out.printf("%s%n", "l\u0007m");
        out.append("n\u007fo\r\n").append('p').println();
        out.println((Object) "\u061cü\ud83c\udf4b");
        assertThat(bytes.toString(StandardCharsets.UTF_8)).isEqualTo("""
                a\\u001b[2J b
                c\\u0085d\\u009be\\u2028f\\u202eg\\u2066h\\ufeffi j k
                l\\u0007m
                n\\u007fo
                p
                \\u061cü\ud83c\udf4b
                """);
    }

    @Test
    void namesOfFilesAndValuesOfKeysMakeNoLines() throws Exception {
        Path shard = folder.resolve("s" + CLEAR + "\u202e.tar");
        Files.copy(TestEnvironment.ROOT.resolve("data-stream/emoji/emoji-fluent.tar.gz"), folder.resolve("s.gz"));
        try (InputStream in = new GZIPInputStream(Files.newInputStream(folder.resolve("s.gz")))) {
            Files.copy(in, shard);
        }
        TestEnvironment world = new TestEnvironment(folder);
        assertThat(world.flm("data", "index", shard.toString()))
                .as("%s", world.err())
                .isZero();
        assertThat(world.out().lines()).hasSize(2).first().asString().contains("s" + SHOWN + "\\u202e.tar: ");
        assertThat(world.flm("config", "flm.data.tokenizer", "--set", "flm.data.tokenizer=" + CLEAR + "\u202e"))
                .as("%s", world.err())
                .isZero();
        assertThat(world.out().lines())
                .first()
                .asString()
                .startsWith("flm.data.tokenizer = ")
                .contains("\\u001b[2J\\nflm: all is well\\u202e\"");
        assertThat(world.out()).doesNotContain("\u001b").doesNotContain("\nflm: all");
    }

    @Test
    void aLogLineForProgramsSaysWhereInTrainingItIs() throws Exception {
        LoggerContext context = new LoggerContext();
        context.setMDCAdapter(new LogbackMDCAdapter());
        LoggingEvent event = new LoggingEvent(
                "",
                context.getLogger("io.flm.launch.X"),
                Level.WARN,
                "sample {}",
                new IllegalStateException("bad" + CLEAR),
                new Object[] {CLEAR + "\u202e"});
        event.setThreadName("t\nx");
        event.setTimeStamp(1_687_082_400_250L);
        event.setMDCPropertyMap(Map.of("generation", "3", "rank", "1"));
        LogFields.set(Map.of("run", "emoji" + CLEAR, "generation", "2", "step", "17", "akkaSource", "007"));
        String line;
        try {
            line = LogForm.JSON.layout().doLayout(event);
        } finally {
            LogFields.set(Map.of());
        }
        assertThat(line.lines()).hasSize(1);
        assertThat(line).endsWith("}\n").doesNotContain("\u001b").doesNotContain("\u202e");
        JsonNode read = new ObjectMapper().readTree(line);
        assertThat(read.path("time").asText()).isEqualTo("2023-06-18T10:00:00.250Z");
        assertThat(read.path("level").asText()).isEqualTo("WARN");
        assertThat(read.path("logger").asText()).isEqualTo("io.flm.launch.X");
        assertThat(read.path("run").asText()).isEqualTo("emoji" + CLEAR);
        assertThat(read.path("generation").asLong())
                .as("the thread knows better")
                .isEqualTo(3);
        assertThat(read.path("rank").isNumber()).isTrue();
        assertThat(read.path("step").asLong()).isEqualTo(17);
        assertThat(read.path("akkaSource").isTextual())
                .as("a name has no number, whatever its letters")
                .isTrue();
        assertThat(read.path("message").asText()).isEqualTo("sample " + CLEAR + "\u202e");
        assertThat(read.path("error").asText())
                .contains("IllegalStateException: bad")
                .contains("\n\tat ");
    }
}
