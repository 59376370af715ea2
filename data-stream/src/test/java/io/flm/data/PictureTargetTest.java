package io.flm.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import io.flm.data.PictureSettings.Fit;
import io.flm.data.PictureTarget.Encoding;
import java.io.IOException;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What packing makes of pictures, beside what Pillow 13.0.0 makes of the same files: {@code NAME.whole.rgb} is {@code
 * convert("RGB").resize((w, h), BICUBIC)} with a shorter side of 16, as [3, h, w].
 */
class PictureTargetTest {
    private static final PictureSettings SETTINGS = PictureSettings.from(ConfigFactory.load());
    private static final Pictures PICTURES = Pictures.with(SETTINGS);
    private static final int SIZE = 16;

    private static PackedPicture packed(String name, PictureTarget target) throws IOException {
        return PICTURES.packed(PicturesTest.resource(name), target, (width, height) -> true, true);
    }

    @ParameterizedTest
    @CsvSource({"tall.png,16,27", "colour.jpg,24,16"})
    void theWholePictureIsResizedAsPillowDoes(String name, int width, int height) throws IOException {
        PackedPicture packed = packed(name, new PictureTarget(SIZE, Encoding.PNG, 0));
        assertThat(packed.format()).isEqualTo(PictureFormat.PNG);
        byte[] expected = PicturesTest.resource(name + ".whole.rgb");
        Picture picture = Codecs.decode(Codecs.open(packed.file()));
        assertThat(new int[] {picture.width(), picture.height()}).containsExactly(width, height);
        int[] line = new int[width];
        for (int y = 0; y < height; y++) {
            picture.line(y, line);
            for (int x = 0; x < width; x++) {
                for (int channel = 0; channel < 3; channel++) {
                    int value = line[x] >> (16 - 8 * channel) & 0xff;
                    assertThat(value - (expected[(channel * height + y) * width + x] & 0xff))
                            .as("%s at %d, %d", name, x, y)
                            .isBetween(-1, 1);
                }
            }
        }
    }

    /** The shorter side has the size that is trained on already, and the other one is cut as training cuts it. */
    @ParameterizedTest
    @ValueSource(
            strings = {"tall.png", "colour.jpg", "colour.webp", "one-wider.png", "palette.png", "grey.png", "small.png"
            })
    void aPictureThatIsPackedWithoutLossTrainsAsItsSourceDoes(String name) throws IOException {
        byte[] file = PicturesTest.resource(name);
        byte[] resized = packed(name, new PictureTarget(SIZE, Encoding.PNG, 0)).file();
        assertThat(PICTURES.decode(resized, SIZE)).isEqualTo(PICTURES.decode(file, SIZE));
        byte[] whole = packed(name, new PictureTarget(0, Encoding.PNG, 0)).file();
        assertThat(PICTURES.decode(whole, SIZE)).isEqualTo(PICTURES.decode(file, SIZE));
    }

    @Test
    void noPictureIsEnlargedAndASmallOneOfItsFormatKeepsItsBytes() throws IOException {
        PackedPicture small = packed("small.png", new PictureTarget(64, Encoding.PNG, 0));
        assertThat(small.file()).isEqualTo(PicturesTest.resource("small.png"));
        PackedPicture other = packed("small.png", new PictureTarget(64, Encoding.JPEG, 90));
        assertThat(other.format()).isEqualTo(PictureFormat.JPEG);
        assertThat(PICTURES.size(other.file())).containsExactly(13, 9);
        PackedPicture jpeg = packed("colour.jpg", new PictureTarget(31, Encoding.JPEG, 10));
        assertThat(jpeg.file()).isEqualTo(PicturesTest.resource("colour.jpg"));
        PackedPicture untouched = packed("colour.webp", PictureTarget.UNTOUCHED);
        assertThat(untouched.file()).isEqualTo(PicturesTest.resource("colour.webp"));
        assertThat(untouched.format()).isEqualTo(PictureFormat.WEBP);
    }

    /** The table of luma that Pillow 13.0.0 writes by {@code save(..., quality=90)}, in the order of the file. */
    @Test
    void aJpegHasTheQualityThatPillowMeansAndHalfOfTheChromas() throws IOException {
        byte[] file =
                packed("colour.png", new PictureTarget(0, Encoding.JPEG, 90)).file();
        int tables = find(file, 0xdb);
        assertThat(Arrays.copyOfRange(file, tables + 5, tables + 5 + 64)).isEqualTo(new byte[] {
            3, 2, 2, 3, 2, 2, 3, 3, 3, 3, 4, 3, 3, 4, 5, 8, 5, 5, 4, 4, 5, 10, 7, 7, 6, 8, 12, 10, 12, 12, 11, 10, 11,
            11, 13, 14, 18, 16, 13, 14, 17, 14, 11, 11, 16, 22, 16, 17, 19, 20, 21, 21, 21, 12, 15, 23, 24, 22, 20, 24,
            18, 20, 21, 20
        });
        int frame = find(file, 0xc0);
        assertThat(file[frame + 11]).as("sampling of luma").isEqualTo((byte) 0x22);
        assertThat(file[frame + 14]).as("sampling of a chroma").isEqualTo((byte) 0x11);
    }

    private static int find(byte[] jpeg, int marker) {
        for (int at = 2; at + 1 < jpeg.length; at++) {
            if ((jpeg[at] & 0xff) == 0xff && (jpeg[at + 1] & 0xff) == marker) {
                return at;
            }
        }
        throw new AssertionError("no marker " + marker);
    }

    @Test
    void aPictureIsTurnedAsTheSettingsSayAndThenItsBytesAreNotKept() throws IOException {
        byte[] file = PicturesTest.resource("whole/exif-7.jpg"); // 53 x 45
        Pictures turning = Pictures.with(new PictureSettings(1 << 20, true, Fit.CROP));
        PictureTarget target = new PictureTarget(64, Encoding.JPEG, 90);
        PackedPicture turned = turning.packed(file, target, (width, height) -> true, false);
        assertThat(new int[] {turned.width(), turned.height()}).containsExactly(45, 53);
        assertThat(PICTURES.size(turned.file())).containsExactly(45, 53);
        assertThat(PICTURES.packed(file, target, (width, height) -> true, false).file())
                .isEqualTo(file);
    }

    /** As {@code convert("RGB").resize((9, 8), BICUBIC).convert("L")} of Pillow 13.0.0 and a comparison of neighbours have it. */
    @ParameterizedTest
    @CsvSource({
        "colour.png,242c84c56dac9f53",
        "colour.jpg,242c84c56dac9f53",
        "colour.webp,242c84c56dac9f53",
        "tall.png,e3cfcc180ccce033",
        "grey.png,969e3965d2928625",
        "one-wider.png,cfcf3c78e3c30303"
    })
    void theHashIsThatOfPillowsPixels(String name, String expected) throws IOException {
        long hash = packed(name, PictureTarget.UNTOUCHED).hash();
        assertThat(Long.bitCount(hash ^ Long.parseUnsignedLong(expected, 16)))
                .as("%s: %016x", name, hash)
                .isLessThanOrEqualTo(1); // where neighbours differ by 1, rounding decides
    }

    @Test
    void aPictureOfAnExtremeSideIsBad() {
        byte[] line = Shards.png(70_000, 1, 0);
        assertThatThrownBy(() -> PICTURES.packed(line, PictureTarget.UNTOUCHED, (width, height) -> true, true))
                .isInstanceOf(IOException.class)
                .hasMessage("70000 x 1 pixels have a side of more than 65535");
    }

    @Test
    void aPictureThatIsNotWantedIsMeasuredAlone() throws IOException {
        byte[] file = PicturesTest.resource("tall.png");
        PackedPicture packed =
                PICTURES.packed(file, new PictureTarget(0, Encoding.PNG, 0), (width, height) -> width > height, true);
        assertThat(packed.file()).isEmpty();
        assertThat(new int[] {packed.width(), packed.height()}).containsExactly(23, 40);
    }
}
