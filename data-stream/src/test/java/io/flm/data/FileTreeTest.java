package io.flm.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileTreeTest {
    @TempDir
    Path home;

    @Test
    void deletesAFolderWithItsContentAndNothingThatALinkLeadsTo() throws IOException {
        Path elsewhere = Files.createDirectory(home.resolve("elsewhere"));
        Files.writeString(elsewhere.resolve("kept"), "kept");
        Path folder = tree();
        Files.createSymbolicLink(folder.resolve("link"), elsewhere);

        FileTree.delete(folder);
        FileTree.delete(folder); // none there: no error

        assertThat(folder).doesNotExist();
        assertThat(elsewhere.resolve("kept")).hasContent("kept");
    }

    @Test
    void leavesTheFolderItselfWhereOnlyItsContentGoes() throws IOException {
        Path folder = tree();
        FileTree.deleteContent(folder);
        assertThat(folder).isEmptyDirectory();
    }

    private Path tree() throws IOException {
        Path folder = home.resolve("folder");
        Files.createDirectories(folder.resolve("a/b"));
        Files.writeString(folder.resolve("a/b/file"), "x");
        Files.writeString(folder.resolve("file"), "y");
        return folder;
    }
}
