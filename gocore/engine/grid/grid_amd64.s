#include "textflag.h"

// ADDED and ORED combine the four words of y, whose lower half is x, into r.
#define ADDED(y, x, t, r) \
	VEXTRACTI128 $1, y, t \
	VPADDQ t, x, x \
	VPSHUFD $0x4E, x, t \
	VPADDQ t, x, x \
	VMOVQ x, r

#define ORED(y, x, t, r) \
	VEXTRACTI128 $1, y, t \
	VPOR t, x, x \
	VPSHUFD $0x4E, x, t \
	VPOR t, x, x \
	VMOVQ x, r

// ONGRID(x, first, second, a, b, lost, t) adds the bits of x on two grids to a and b, and what is left of x to lost.
#define ONGRID(x, first, second, a, b, lost, t) \
	VADDPD first, x, t \
	VPADDQ t, a, a \
	VSUBPD first, t, t \
	VSUBPD t, x, x \
	VADDPD second, x, t \
	VPADDQ t, b, b \
	VSUBPD second, t, t \
	VSUBPD t, x, x \
	VPOR x, lost, lost

// func largestOf(words []uint64) uint64
TEXT ·largestOf(SB), NOSPLIT, $0-32
	MOVQ words_base+0(FP), SI
	MOVQ words_len+8(FP), CX
	VPCMPEQQ Y15, Y15, Y15
	VPSRLQ $1, Y15, Y15 // all but the sign
	VPXOR Y0, Y0, Y0
	VPXOR Y1, Y1, Y1
	VPXOR Y2, Y2, Y2
	VPXOR Y3, Y3, Y3
	VPXOR Y14, Y14, Y14 // where a value is NaN
	SHRQ $4, CX
	JZ done
loop:
	VPAND (SI), Y15, Y4
	VPAND 32(SI), Y15, Y5
	VPAND 64(SI), Y15, Y6
	VPAND 96(SI), Y15, Y7
	VCMPPD $3, Y4, Y5, Y8
	VCMPPD $3, Y6, Y7, Y9
	VMAXPD Y4, Y0, Y0
	VMAXPD Y5, Y1, Y1
	VMAXPD Y6, Y2, Y2
	VMAXPD Y7, Y3, Y3
	VPOR Y8, Y14, Y14
	VPOR Y9, Y14, Y14
	ADDQ $128, SI
	DECQ CX
	JNZ loop
done:
	VMAXPD Y1, Y0, Y0
	VMAXPD Y3, Y2, Y2
	VMAXPD Y2, Y0, Y0
	VEXTRACTF128 $1, Y0, X1
	VMAXPD X1, X0, X0
	VPSHUFD $0x4E, X0, X1
	VMAXPD X1, X0, X0
	VMOVQ X0, AX
	ORED(Y14, X14, X1, BX)
	SHRQ $1, BX // a NaN, where there is one
	TESTQ BX, BX
	CMOVQNE BX, AX
	VZEROUPPER
	MOVQ AX, ret+24(FP)
	RET

// func sumOf(words []uint64, first, second float64) (a, b, lost uint64)
TEXT ·sumOf(SB), NOSPLIT, $0-64
	MOVQ words_base+0(FP), SI
	MOVQ words_len+8(FP), CX
	VBROADCASTSD first+24(FP), Y0
	VBROADCASTSD second+32(FP), Y1
	VPXOR Y2, Y2, Y2
	VPXOR Y3, Y3, Y3
	VPXOR Y4, Y4, Y4
	MOVQ CX, DX
	SHLQ $3, DX // as far ahead is what is likely to be asked for next
	SHRQ $3, CX
	JZ done
loop:
	PREFETCHT0 (SI)(DX*1)
	VMOVUPD (SI), Y5
	VMOVUPD 32(SI), Y7
	ONGRID(Y5, Y0, Y1, Y2, Y3, Y4, Y6)
	ONGRID(Y7, Y0, Y1, Y2, Y3, Y4, Y8)
	ADDQ $64, SI
	DECQ CX
	JNZ loop
done:
	ADDED(Y2, X2, X5, AX)
	ADDED(Y3, X3, X5, BX)
	ORED(Y4, X4, X5, DX)
	VZEROUPPER
	MOVQ AX, a+40(FP)
	MOVQ BX, b+48(FP)
	MOVQ DX, lost+56(FP)
	RET

// func productsOf(x, y []uint64, offsets *[4]float64, sums *[4]uint64) (lost uint64)
TEXT ·productsOf(SB), NOSPLIT, $0-72
	MOVQ x_base+0(FP), SI
	MOVQ x_len+8(FP), CX
	MOVQ y_base+24(FP), DI
	MOVQ offsets+48(FP), R8
	MOVQ sums+56(FP), R9
	VBROADCASTSD (R8), Y0
	VBROADCASTSD 8(R8), Y1
	VBROADCASTSD 16(R8), Y2
	VBROADCASTSD 24(R8), Y3
	VPXOR Y4, Y4, Y4
	VPXOR Y5, Y5, Y5
	VPXOR Y6, Y6, Y6
	VPXOR Y7, Y7, Y7
	VPXOR Y8, Y8, Y8
	SHRQ $2, CX
	JZ done
loop:
	VMOVUPD (SI), Y9
	VMOVUPD (DI), Y10
	VMULPD Y9, Y10, Y11
	VFMSUB213PD Y11, Y9, Y10 // x*y - product
	ONGRID(Y11, Y0, Y1, Y4, Y5, Y8, Y12)
	ONGRID(Y10, Y2, Y3, Y6, Y7, Y8, Y13)
	ADDQ $32, SI
	ADDQ $32, DI
	DECQ CX
	JNZ loop
done:
	ADDED(Y4, X4, X9, AX)
	MOVQ AX, (R9)
	ADDED(Y5, X5, X9, AX)
	MOVQ AX, 8(R9)
	ADDED(Y6, X6, X9, AX)
	MOVQ AX, 16(R9)
	ADDED(Y7, X7, X9, AX)
	MOVQ AX, 24(R9)
	ORED(Y8, X8, X9, AX)
	VZEROUPPER
	MOVQ AX, lost+64(FP)
	RET
