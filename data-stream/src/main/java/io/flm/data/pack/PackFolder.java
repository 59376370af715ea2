package io.flm.data.pack;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.flm.data.PlainText;
import io.flm.data.RemoteSettings;
import io.flm.data.Sha256;
import io.flm.data.ShardIndex;
import io.flm.data.SmallFile;
import io.flm.data.UserException;
import io.flm.data.WholeFile;
import io.flm.data.WriteErrors;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The folder that shards are packed into. A process may be killed at any moment: each file is found whole, or is known to be unfinished.
 *
 * <pre>
 * pack.json               what the shards are made of, and how; at the end what came of it
 * shards.jsonl            a line for each finished shard ({@link PackedShard}); held locked by the process that packs
 * left-out.jsonl          a line for each sample that is in no shard
 * .shard-000017.tar.part  the shard at hand; its line is written when it is whole, then it takes its name
 * shard-000016.tar        a finished shard, and its table of contents beside it
 * </pre>
 */
final class PackFolder implements AutoCloseable {
    static final String ABOUT = "pack.json";
    static final String SHARDS = "shards.jsonl";
    static final String LEFT_OUT = "left-out.jsonl";
    private static final int MOST_ABOUT_BYTES = 1 << 20;

    /** As {@link WholeFile} calls what it writes first. */
    private static final Pattern UNFINISHED = Pattern.compile("\\.[0-9a-f-]{36}\\.(part|flm-index)");

    private static final ObjectMapper JSON = new ObjectMapper()
            .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES);

    private final Path folder;
    private final Map<String, Object> about;
    private final LineFile shards;
    private final LineFile leftOut;
    private final List<PackedShard> finished;

    private PackFolder(
            Path folder, Map<String, Object> about, LineFile shards, LineFile leftOut, List<PackedShard> finished) {
        this.folder = folder;
        this.about = about;
        this.shards = shards;
        this.leftOut = leftOut;
        this.finished = finished;
    }

    /**
     * Begins a folder, or goes on with one.
     *
     * @param settings by name; those of the folder must be the same
     * @param source by which the samples are known again; the same
     * @throws UserException where the folder holds anything else, or belongs to other settings or samples, or another process packs there
     */
    static PackFolder open(Path folder, Map<String, String> settings, Map<String, String> source) {
        Map<String, Object> about = new LinkedHashMap<>();
        about.put("packedBy", "flm data pack");
        about.put("settings", settings);
        about.put("source", source);
        try {
            Files.createDirectories(folder);
            Path file = folder.resolve(ABOUT);
            if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
                requireSame(file, settings, source);
            } else {
                requireEmpty(folder);
                WholeFile.put(json(about), file, ".part");
            }
            PackFolder opened = new PackFolder(
                    folder,
                    about,
                    LineFile.open(folder.resolve(SHARDS), true),
                    LineFile.open(folder.resolve(LEFT_OUT), false),
                    new ArrayList<>());
            try {
                opened.deleteUnfinished();
                opened.readFinished();
                return opened;
            } catch (RuntimeException | IOException e) {
                opened.close();
                throw e;
            }
        } catch (IOException e) {
            throw error(folder, e);
        }
    }

    static UserException error(Path folder, IOException e) {
        if (e instanceof NotDirectoryException || e instanceof FileAlreadyExistsException) {
            return new UserException(folder + ": is no folder; give another --out", e);
        }
        return WriteErrors.of(folder, e, "give another --out");
    }

    private static void requireEmpty(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            Optional<Path> any =
                    files.filter(file -> !isUnfinished(file)).sorted().findFirst();
            if (any.isPresent()) {
                throw new UserException(folder + ": holds " + any.get().getFileName() + ", and no " + ABOUT
                        + " that says it was packed here; give an empty or a new folder with --out");
            }
        }
    }

    /** What a process leaves that is killed while it writes {@link #ABOUT} for the first time. */
    private static boolean isUnfinished(Path file) {
        return UNFINISHED.matcher(String.valueOf(file.getFileName())).matches();
    }

    private static void requireSame(Path file, Map<String, String> settings, Map<String, String> source)
            throws IOException {
        JsonNode there;
        try {
            there = JSON.readTree(SmallFile.read(file, MOST_ABOUT_BYTES));
        } catch (JsonProcessingException e) {
            throw new UserException(file + ": is damaged; give another --out", e);
        }
        settings.forEach((name, value) -> {
            String before = there.path("settings").path(name).asText("nothing");
            if (!before.equals(value)) {
                throw new UserException(file + ": was packed with " + name + " = " + PlainText.of(before) + ", not "
                        + value + "; give the same settings to go on, or another --out");
            }
        });
        source.forEach((name, value) -> {
            if (!there.path("source").path(name).asText().equals(value)) {
                throw new UserException(
                        file + ": was packed of other data, or of these before they changed; give the same data in the"
                                + " same order to go on, or another --out");
            }
        });
    }

    /** Deletes small files that a killed process was about to put in place. */
    private void deleteUnfinished() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                if (UNFINISHED.matcher(String.valueOf(file.getFileName())).matches()) {
                    Files.delete(file);
                }
            }
        }
    }

    /** Takes in what is finished, and forgets what is not. */
    private void readFinished() throws IOException {
        List<String> lines = shards.lines();
        long next = 0;
        long leftOutBytes = 0;
        long shardsBytes = 0;
        for (int number = 0; number < lines.size(); number++) {
            PackedShard shard = parsed(lines.get(number), number);
            if (shard.first() != next || shard.leftOutBytes() < leftOutBytes) {
                throw damaged(number);
            }
            if (!shard.isEmpty() && !isThere(shard, number, number == lines.size() - 1)) {
                break; // it was not put down whole: it is made again
            }
            finished.add(shard);
            next = shard.end();
            leftOutBytes = shard.leftOutBytes();
            shardsBytes += lines.get(number).getBytes(StandardCharsets.UTF_8).length + 1;
        }
        if (!leftOut.cut(leftOutBytes) || !shards.cut(shardsBytes)) {
            throw new UserException(
                    folder.resolve(LEFT_OUT) + ": is shorter than " + SHARDS + " says; pack anew into another --out");
        }
    }

    private PackedShard parsed(String line, int number) {
        try {
            PackedShard shard = JSON.readValue(line, PackedShard.class);
            if (shard.isEmpty() || shard.shard().equals(PackedShard.name(number))) {
                return shard;
            }
        } catch (JsonProcessingException e) {
            // told below
        }
        throw damaged(number);
    }

    private UserException damaged(int number) {
        return new UserException(folder.resolve(SHARDS) + ":" + (number + 1)
                + ": is no line of a shard that was packed here; pack anew into another --out");
    }

    /** Whether a shard has its name; the last one is given it here if that was not done yet. */
    private boolean isThere(PackedShard shard, int number, boolean last) throws IOException {
        Path file = folder.resolve(PackedShard.name(number));
        if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
            if (Files.size(file) != shard.bytes()) {
                throw new UserException(file + ": has " + Files.size(file) + " bytes, not the " + shard.bytes()
                        + " that were packed; put it back, or pack anew into another --out");
            }
            if (last) {
                writeTable(file, false);
            }
            return true;
        }
        if (!last) {
            throw new UserException(file + ": is gone; put it back, or pack anew into another --out");
        }
        Path part = part(number);
        boolean whole = Files.isRegularFile(part, LinkOption.NOFOLLOW_LINKS)
                && Files.size(part) == shard.bytes()
                && Sha256.of(part).equals(shard.sha256());
        if (whole) {
            name(number);
        }
        return whole;
    }

    /** The hashes of the pictures in finished shards. */
    void addTo(Duplicates duplicates) {
        for (int number = 0; number < finished.size(); number++) {
            try {
                finished.get(number).addTo(duplicates);
            } catch (IllegalArgumentException e) {
                throw damaged(number);
            }
        }
    }

    /** What is finished, in the order of the shards. */
    List<PackedShard> finished() {
        return finished;
    }

    /** The first of the source's samples that is in nothing finished. */
    long next() {
        return finished.isEmpty() ? 0 : finished.get(finished.size() - 1).end();
    }

    private Path part(int number) {
        return folder.resolve("." + PackedShard.name(number) + ".part");
    }

    /** Begins the next shard. */
    ShardFile begin() throws IOException {
        return ShardFile.begin(part(finished.size()));
    }

    /** Deletes what was begun. */
    void discard() throws IOException {
        Files.deleteIfExists(part(finished.size()));
    }

    /** Adds a sample that is left out. */
    void leaveOut(Map<String, Object> line) throws IOException {
        leftOut.add(json(line));
    }

    /** Where the lines of what is left out end by now. */
    long leftOutBytes() {
        return leftOut.sizeBytes();
    }

    /** Puts a shard down that is whole; if it holds anything, its file takes its name, and gets its table of contents. */
    void finish(PackedShard shard) throws IOException {
        leftOut.force();
        shards.add(json(shard));
        shards.force();
        finished.add(shard);
        if (!shard.isEmpty()) {
            name(finished.size() - 1);
        }
    }

    private void name(int number) throws IOException {
        Path file = folder.resolve(PackedShard.name(number));
        if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
            throw new UserException(file + ": is there, and was not packed here; move it, or give another --out");
        }
        Files.move(part(number), file, StandardCopyOption.ATOMIC_MOVE);
        writeTable(file, true);
    }

    /** @param anew whether one that is there is of an earlier file of the name */
    private static void writeTable(Path shard, boolean anew) {
        ShardIndex.write(List.of(shard), RemoteSettings.defaults(), Optional.empty(), anew, table -> {});
    }

    /** Puts down what came of it all. */
    void complete(Map<String, Object> totals) throws IOException {
        Map<String, Object> whole = new LinkedHashMap<>(about);
        whole.putAll(totals);
        leftOut.force();
        WholeFile.put(json(whole), folder.resolve(ABOUT), ".part");
    }

    private static byte[] json(Object value) {
        try {
            return (JSON.writeValueAsString(value) + "\n").getBytes(StandardCharsets.UTF_8);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a value that JSON cannot hold", e);
        }
    }

    @Override
    public void close() throws IOException {
        try (shards;
                leftOut) {
            // both
        }
    }
}
