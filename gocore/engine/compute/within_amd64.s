#include "textflag.h"

// A value less from, unsigned, is in the range if it isn't more than span: of 32 bits, if the lesser of both is the value;
// of 64 bits, for which there are only signed comparisons, with the first bit turned over.

// func within32(dst []byte, a []uint32, from, span uint32)
TEXT ·within32(SB), NOSPLIT, $0-56
	MOVQ dst_base+0(FP), DI
	MOVQ a_base+24(FP), SI
	MOVQ a_len+32(FP), CX
	MOVL from+48(FP), AX
	MOVL span+52(FP), BX
	VMOVD AX, X0
	VMOVD BX, X1
	VPBROADCASTD X0, Y0
	VPBROADCASTD X1, Y1
	SHRQ $5, CX
	JZ done
loop:
	VMOVDQU (SI), Y2
	VMOVDQU 32(SI), Y3
	VMOVDQU 64(SI), Y4
	VMOVDQU 96(SI), Y5
	VPSUBD Y0, Y2, Y2
	VPSUBD Y0, Y3, Y3
	VPSUBD Y0, Y4, Y4
	VPSUBD Y0, Y5, Y5
	VPMINUD Y1, Y2, Y6
	VPMINUD Y1, Y3, Y7
	VPMINUD Y1, Y4, Y8
	VPMINUD Y1, Y5, Y9
	VPCMPEQD Y6, Y2, Y2
	VPCMPEQD Y7, Y3, Y3
	VPCMPEQD Y8, Y4, Y4
	VPCMPEQD Y9, Y5, Y5
	VMOVMSKPS Y2, AX
	VMOVMSKPS Y3, BX
	VMOVMSKPS Y4, DX
	VMOVMSKPS Y5, R8
	MOVB AX, (DI)
	MOVB BX, 1(DI)
	MOVB DX, 2(DI)
	MOVB R8, 3(DI)
	ADDQ $128, SI
	ADDQ $4, DI
	DECQ CX
	JNZ loop
done:
	VZEROUPPER
	RET

// func within64(dst []byte, a []uint64, from, span uint64)
TEXT ·within64(SB), NOSPLIT, $0-64
	MOVQ dst_base+0(FP), DI
	MOVQ a_base+24(FP), SI
	MOVQ a_len+32(FP), CX
	VPBROADCASTQ from+48(FP), Y0
	VPBROADCASTQ span+56(FP), Y1
	VPCMPEQQ Y15, Y15, Y15
	VPSLLQ $63, Y15, Y15
	VPXOR Y15, Y1, Y1
	SHRQ $3, CX
	JZ done
loop:
	VMOVDQU (SI), Y2
	VMOVDQU 32(SI), Y3
	VPSUBQ Y0, Y2, Y2
	VPSUBQ Y0, Y3, Y3
	VPXOR Y15, Y2, Y2
	VPXOR Y15, Y3, Y3
	VPCMPGTQ Y1, Y2, Y2
	VPCMPGTQ Y1, Y3, Y3
	VMOVMSKPD Y2, AX
	VMOVMSKPD Y3, BX
	SHLL $4, BX
	ORL BX, AX
	NOTL AX
	MOVB AX, (DI)
	ADDQ $64, SI
	INCQ DI
	DECQ CX
	JNZ loop
done:
	VZEROUPPER
	RET
