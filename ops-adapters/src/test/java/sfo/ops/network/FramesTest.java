package sfo.ops.network;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class FramesTest {
    private static final byte[] MAC = HexFormat.of().parseHex("027700000100");
    private static final InetAddress V4 = Lan.address("10.77.0.100");
    private static final InetAddress V6 = Lan.address("fd77::100");

    @Test
    void anArpProbeIsByteForByteWhatRfc5227Says() {
        assertThat(HexFormat.of().formatHex(Frames.question(MAC, Lan.address("0.0.0.0"), V4)))
                .isEqualTo("ffffffffffff" + "027700000100" + "0806" + "0001" + "0800" + "06" + "04" + "0001"
                        + "027700000100" + "00000000" + "000000000000" + "0a4d0064");
    }

    @Test
    void aSolicitationGoesToTheSolicitedNodesGroupWithHopLimit255() {
        byte[] frame = Frames.question(MAC, Lan.address("::"), V6);
        assertThat(HexFormat.of().formatHex(frame, 0, 12)).isEqualTo("3333ff000100" + "027700000100");
        assertThat(frame[14 + 7] & 0xff).isEqualTo(255);
        assertThat(HexFormat.of().formatHex(frame, 38, 54)).isEqualTo("ff0200000000000000000001ff000100");
        assertThat(frame)
                .as("a probe carries no link-layer option (RFC 4861, 7.1.1)")
                .hasSize(14 + 40 + 24);
        assertThat(Frames.question(MAC, Lan.address("fe80::1"), V6)).hasSize(14 + 40 + 32);
    }

    @Test
    void checksumsOfWhatWeSendAddUpToZero() {
        for (byte[] frame :
                List.of(Frames.question(MAC, Lan.address("fe80::1"), V6), Frames.announcement(MAC, V6)[0])) {
            assertThat(sumWithPseudoHeader(frame, 14, 58)).isZero();
        }
        byte[] segment6 = Frames.segment(V6, 445, Lan.address("fd77::13"), 40000);
        assertThat(sumWithPseudoHeader(segment6, 0, 6)).isZero();
        byte[] segment4 = Frames.segment(V4, 445, Lan.address("10.77.0.13"), 40000);
        assertThat(Frames.checksum(Arrays.copyOf(segment4, 20), 0)).isZero();
        byte[] tcp = Arrays.copyOfRange(segment4, 20, 40);
        int pseudo = 0x0a4d + 0x0064 + 0x0a4d + 0x000d + 6 + 20;
        assertThat(Frames.checksum(tcp, pseudo)).isZero();
        assertThat(Frames.checksum(Frames.echo(false, 7, 1), 0)).isZero();
    }

    private static int sumWithPseudoHeader(byte[] bytes, int ip, int protocol) {
        byte[] addresses = Arrays.copyOfRange(bytes, ip + 8, ip + 40);
        byte[] body = Arrays.copyOfRange(bytes, ip + 40, bytes.length);
        int sum = 0;
        for (int i = 0; i < addresses.length; i += 2) {
            sum += ((addresses[i] & 0xff) << 8) | (addresses[i + 1] & 0xff);
        }
        return Frames.checksum(body, sum + body.length + protocol);
    }

    @Test
    void anAnnouncementNamesItsOwner() {
        for (InetAddress address : List.of(V4, V6)) {
            for (byte[] frame : Frames.announcement(MAC, address)) {
                assertThat(Frames.owner(frame)).contains(new Frames.Owner(address, "02:77:00:00:01:00"));
            }
        }
        assertThat(Frames.announcement(MAC, V4)).as("request and reply").hasNumberOfRows(2);
    }

    @Test
    void otherAndShortFramesNameNobody() {
        assertThat(Frames.owner(new byte[10])).isEqualTo(Optional.empty());
        assertThat(Frames.owner(new byte[80])).isEmpty();
        assertThat(Frames.owner(Frames.question(MAC, Lan.address("::"), V6))).isEmpty();
    }

    @Test
    void onlyTheReplyToOurOwnEchoCounts() {
        byte[] reply = Frames.echo(true, 4711, 3);
        reply[0] = (byte) 129;
        assertThat(Frames.echoReply(true, reply, 4711)).hasValue(3);
        assertThat(Frames.echoReply(true, reply, 4712)).isEmpty();
        assertThat(Frames.echoReply(true, Frames.echo(true, 4711, 3), 4711))
                .as("a request")
                .isEmpty();
        assertThat(Frames.echoReply(false, new byte[0], 1)).isEmpty();
    }

    @Test
    void linkLocalAddressesFollowTheMac() {
        assertThat(Addresses.linkLocal(MAC)).isEqualTo(Lan.address("fe80::77:ff:fe00:100"));
    }
}
