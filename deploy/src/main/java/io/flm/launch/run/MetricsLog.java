package io.flm.launch.run;

import com.sun.management.OperatingSystemMXBean;
import io.flm.data.CorruptionCounts;
import io.flm.launch.console.Json;
import io.flm.launch.files.PlainFile;
import io.flm.worker.StepMetrics;
import io.flm.worker.StepResult;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.Reader;
import java.io.Writer;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The curves of a run: {@code metrics.jsonl}, one JSON object for each committed step, as it is committed. Written by whichever
 * node has rank 0; where nodes share the run's folder, each goes on where the last one ended.
 */
public final class MetricsLog implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(MetricsLog.class);
    private static final Pattern STEP = Pattern.compile("\\{\"step\":(\\d{1,18}),.*\\}");

    private static final Pattern SECONDS = Pattern.compile("\"seconds\":(\\d+(?:\\.\\d+)?(?:[Ee][+-]?\\d+)?)");

    private static final OperatingSystemMXBean PROCESS =
            (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

    private static final int MOST_LINE = 1 << 16; // a head takes 150 letters
    private static final int MOST_PASSED_OVER = 1 << 27; // of one line: a second

    /** Opens the file to add to it; a test lets its disk be full. */
    public interface Opening {
        Writer open(Path file) throws IOException;
    }

    private final Path file;
    private final List<String> heads;
    private final LongSupplier nanoTime;
    private final Opening opening;
    private @Nullable Writer writer;
    private boolean failing;
    private long nextStep = -1;
    private long cpuNanos = -1; // of this process, when the step before was told
    private long startedAt; // when it would have been had it trained without a break

    public MetricsLog(Path file, List<String> heads, LongSupplier nanoTime) {
        this(file, heads, nanoTime, MetricsLog::append);
    }

    public MetricsLog(Path file, List<String> heads, LongSupplier nanoTime, Opening opening) {
        this.opening = opening;
        this.file = file;
        this.heads = heads;
        this.nanoTime = nanoTime;
    }

    /** Adds a line; the next step goes after the last, or where another node wrote meanwhile, after the lines before it. */
    public synchronized void add(StepResult result) {
        try {
            Writer out = writer;
            if (out == null || result.step() != nextStep) {
                out = openAt(result);
            }
            out.write(Json.line(metrics(result)) + "\n");
            out.flush();
            nextStep = result.step() + 1;
            failing = false;
        } catch (IOException e) { // a curve with a gap is better than no training
            if (!failing) {
                LOG.warn("{}: cannot be written ({}); training goes on without its curve", file, e.getMessage());
            }
            failing = true;
            nextStep = 0;
        }
    }

    /**
     * Steps that are done again lose their old lines: those committed after the last checkpoint of an interrupted process. The
     * clock goes on from the last line that stays.
     */
    private Writer openAt(StepResult first) throws IOException {
        close();
        startedAt = nanoTime.getAsLong() - first.times().totalNs();
        if (Files.exists(file)) {
            startedAt -= (long) (keepBefore(first.step()) * 1e9);
        }
        Writer opened = opening.open(file);
        writer = opened;
        return opened;
    }

    /** Takes out the lines of later steps, and those of none; returns the seconds of the last that stays. A line at a time. */
    private double keepBefore(long step) throws IOException {
        double[] seconds = new double[1];
        AtomicBoolean others = new AtomicBoolean();
        boolean all = forEachLine(file, line -> {
            if (stepOf(line) < step) {
                seconds[0] = secondsOf(line);
            } else {
                others.set(true);
            }
        });
        if (others.get() || !all) {
            PlainFile.replace(
                    file,
                    out -> forEachLine(file, line -> {
                        if (stepOf(line) < step) {
                            out.write(line + "\n");
                        }
                    }),
                    PlainFile.READABLE);
        }
        return seconds[0];
    }

    private static Writer append(Path file) throws IOException {
        return new BufferedWriter(new OutputStreamWriter(PlainFile.append(file), StandardCharsets.UTF_8));
    }

    /**
     * The lines of such a file; the last one may be cut. The file may be damaged, or somebody else's: a line that is longer than a step's
     * is passed over, and one that has no end in sight is the last.
     *
     * @throws IOException where it cannot be read, and of a link, a pipe or a device
     */
    public static List<String> lines(Path file) throws IOException {
        List<String> lines = new ArrayList<>();
        forEachLine(file, lines::add);
        return lines;
    }

    /** What is done with a line. */
    @FunctionalInterface
    interface Line {
        void take(String line) throws IOException;
    }

    /**
     * The same, one at a time.
     *
     * @return whether none was passed over
     */
    static boolean forEachLine(Path file, Line each) throws IOException {
        if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS) && Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
            throw new FileSystemException(file.toString(), null, "not a regular file"); // a pipe has no beginning
        }
        StringBuilder line = new StringBuilder();
        long passedOver = 0; // letters of the line at hand
        boolean all = true;
        try (Reader in = new BufferedReader(
                new InputStreamReader(Files.newInputStream(file, LinkOption.NOFOLLOW_LINKS), StandardCharsets.UTF_8))) {
            for (int letter = in.read(); letter >= 0; letter = in.read()) {
                if (letter == '\n') {
                    if (passedOver == 0) {
                        each.take(line.toString());
                    }
                    line.setLength(0);
                    passedOver = 0;
                } else if (line.length() < MOST_LINE) {
                    line.append((char) letter);
                } else if (++passedOver < MOST_PASSED_OVER) {
                    all = false;
                } else {
                    LOG.warn(
                            "{}: has a line of more than {} letters, and is not read after it; a step's has {} at most",
                            file,
                            MOST_PASSED_OVER,
                            MOST_LINE);
                    return false;
                }
            }
        }
        if (!line.isEmpty() && passedOver == 0) {
            each.take(line.toString());
        }
        return all;
    }

    /** A line that was cut in the middle belongs to no step. */
    private static long stepOf(String line) {
        Matcher matcher = STEP.matcher(line);
        return matcher.matches() ? Long.parseLong(matcher.group(1)) : Long.MAX_VALUE;
    }

    private static double secondsOf(String line) {
        Matcher matcher = SECONDS.matcher(line);
        return matcher.find() ? Double.parseDouble(matcher.group(1)) : 0;
    }

    private Map<String, Object> metrics(StepResult result) {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("step", result.step());
        line.putAll(StepMetrics.of(result, heads).figures());
        line.remove("samplesPerSecond"); // follows from the others
        rates(line, result.corruption());
        line.put("samples", result.totals().samples());
        line.put("tokens", result.totals().tokens());
        long cpu = PROCESS.getProcessCpuTime();
        if (cpuNanos >= 0 && cpu >= 0 && result.step() == nextStep) {
            line.put("cpuMs", (cpu - cpuNanos) / 1e6); // all threads since the step before
        }
        cpuNanos = cpu;
        line.put("seconds", (nanoTime.getAsLong() - startedAt) / 1e9);
        return line;
    }

    /** Of the heads that predict tokens; those of the first one are the objective's. */
    private void rates(Map<String, Object> line, List<CorruptionCounts> counts) {
        for (int head = 0; head < counts.size(); head++) {
            if (counts.get(head).any()) {
                double predictionRate = counts.get(head).predictionRate();
                double corruptionRate = counts.get(head).corruptionRate();
                line.putIfAbsent("predictionRate", predictionRate);
                line.putIfAbsent("corruptionRate", corruptionRate);
                line.put(heads.get(head) + "PredictionRate", predictionRate);
                line.put(heads.get(head) + "CorruptionRate", corruptionRate);
            }
        }
    }

    @Override
    public synchronized void close() {
        Writer open = writer;
        writer = null;
        if (open == null) {
            return;
        }
        try {
            open.close();
        } catch (IOException e) { // of a full disk, again: what was added has told it
            LOG.info("{}: its end is not written", file, e);
        }
    }
}
