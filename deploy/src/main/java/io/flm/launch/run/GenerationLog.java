package io.flm.launch.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.flm.coordinator.GenerationsView;
import io.flm.coordinator.GenerationsView.GenerationView;
import io.flm.data.FileErrors;
import io.flm.data.SmallFile;
import io.flm.launch.console.Json;
import io.flm.launch.files.PlainFile;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The generations of a run: {@code generations.jsonl}, a line when one is made, and another one when its first step is there. Written by
 * whichever node has the coordinator, so that the next coordinator, and whoever looks at a run that has ended, knows what happened.
 */
public final class GenerationLog {
    private static final Logger LOG = LoggerFactory.getLogger(GenerationLog.class);
    private static final int MOST_BYTES = 1 << 20; // of the file; then the older ones go
    private static final int MOST_LETTERS = 1000; // of a reason, and of a member
    private static final int MOST_READ = 2 * MOST_BYTES;

    private GenerationLog() {}

    /** Adds a generation, or says more of the newest; nothing where the run has no folder here. Blocks. */
    static void keep(Path run, GenerationView generation) {
        if (!Files.isDirectory(run)) {
            return;
        }
        Path file = RunFiles.generationsOf(run);
        try {
            if (Files.exists(file, LinkOption.NOFOLLOW_LINKS) && Files.size(file) > MOST_BYTES) {
                PlainFile.replace(file, text(GenerationsView.newest(read(file))));
            }
            try (Writer out = new OutputStreamWriter(PlainFile.append(file), StandardCharsets.UTF_8)) {
                out.write(Json.line(generation) + "\n");
            }
        } catch (IOException e) { // training is worth more
            LOG.warn("{}: cannot be written ({}); training goes on", file, FileErrors.reason(e));
        }
    }

    private static String text(List<GenerationView> generations) {
        return generations.stream().map(each -> Json.line(each) + "\n").collect(Collectors.joining());
    }

    /** What such a file keeps, oldest first. A file that is not there, or is too large, keeps nothing; a line that is damaged is passed over. */
    public static List<GenerationView> read(Path file) {
        if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
            return List.of();
        }
        try {
            return GenerationsView.merged(new String(SmallFile.read(file, MOST_READ), StandardCharsets.UTF_8)
                    .lines()
                    .map(GenerationLog::whole)
                    .filter(Objects::nonNull)
                    .toList());
        } catch (IOException e) {
            LOG.info("{}: not read ({})", file, FileErrors.reason(e));
            return List.of();
        }
    }

    /** The folder may be somebody else's: null, where a line is none of ours. */
    @SuppressWarnings("ConstantConditions")
    private static @Nullable GenerationView whole(String line) {
        try {
            GenerationView read = Json.read(line, GenerationView.class);
            boolean whole = read.number() > 0
                    && read.firstStep() >= 0
                    && read.at() != null
                    && read.why() != null
                    && read.why().length() <= MOST_LETTERS
                    && read.members() != null
                    && read.members().stream()
                            .allMatch(member -> member != null
                                    && member.worker() != null
                                    && member.node() != null
                                    && member.lanes() != null
                                    && member.worker().length()
                                                    + member.node().length()
                                                    + member.lanes().length()
                                            <= MOST_LETTERS);
            if (whole) {
                Instant.parse(read.at());
                return read;
            }
        } catch (JsonProcessingException | DateTimeException e) { // cut in the middle, or no time
            LOG.debug("a line of another kind", e);
        }
        return null;
    }
}
